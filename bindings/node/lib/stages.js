'use strict'

// What a task does with its C task now.
module.exports = {
  NOT_BEGUN: 0,
  RUNS: 1,
  WAITS: 2,
  GUESSED: 3, // it waits by `await` alone: see Waits#readerOf
  OVER: 4
}
