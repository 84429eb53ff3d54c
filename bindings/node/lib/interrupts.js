'use strict'

// SIGINT is borrowed while a run or a close is active: by the first one, in the main thread, and only if
// the program does not handle it. The first cancels the main task, the second ends the process.

const { isMainThread } = require('node:worker_threads')

let owner = null

function begin(engine) {
  if (owner !== null || !engine.options.signals || !isMainThread || (engine.stepped && !engine.sync)) return
  if (process.listenerCount('SIGINT') > 0) return
  if (engine.interruptible(true) === 0) owner = engine
}

function end(engine) {
  if (owner !== engine) return
  owner = null
  engine.interruptible(false)
}

module.exports = { begin, end }
