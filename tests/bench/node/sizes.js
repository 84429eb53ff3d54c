'use strict'

// What the peers have in common.

const AT_ONCE = 20_000

function rounds(count, size) {
  return Math.max(Math.floor(count / size), 1)
}

module.exports = { AT_ONCE, rounds }
