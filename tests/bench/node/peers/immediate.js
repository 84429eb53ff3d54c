'use strict'

// A function that runs in the next turn of Node's loop, by setImmediate.

const { operations, yields, callbacks } = require('./promises')

const immediate = (resolve) => { setImmediate(resolve) }

module.exports = {
  ...operations((fn) => new Promise((resolve) => { setImmediate(() => resolve(fn())) })),
  ...yields(() => new Promise(immediate)),
  callback: callbacks(setImmediate)
}
