'use strict'

// Promises alone: what waits goes on in a microtask, and nothing else of Node does meanwhile.

const { operations, yields, callbacks } = require('./promises')

module.exports = {
  ...operations((fn) => fn()),
  ...yields(() => undefined),
  callback: callbacks(queueMicrotask)
}
