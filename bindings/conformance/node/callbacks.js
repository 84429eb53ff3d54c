'use strict'

const { InvalidStateError } = require('librunner')
const { Failure } = require('./outcomes')
const { LOOP } = require('./trace')

// The operations that callbacks can do, and bodies as well: who is the one on whose behalf it is done. They
// throw errors of the language.
const SHARED = {
  log: (world, who, op) => world.trace.line(who, op.text),
  cancel(world, who, op) {
    const handle = world.find(world.handles, op)
    world.trace.line(who, `cancel ${op.name} ${handle.isGivenUp || handle.awaitable.cancel()}`)
  },
  resolve: (world, who, op) => settle(world, who, op, (future) => future.resolve(op.number)),
  reject: (world, who, op) => settle(world, who, op, (future) => future.reject(new Failure(op.failure))),
  event_set: (world, who, op) => world.find(world.events, op).set(),
  call_soon: (world, who, op) => { world.loop.callSoon(callback(world, op.body)) },
  call_later: (world, who, op) => { world.loop.callLater(op.ms, callback(world, op.body)) }
}

function settle(world, who, op, how) {
  try {
    how(world.find(world.handles, op).awaitable)
  } catch (error) {
    if (!(error instanceof InvalidStateError)) throw error
    world.trace.line(who, `settled ${op.name}`)
  }
}

// An operation on a name that is not bound does nothing: nobody could catch its error.
const callback = (world, list) => () => {
  for (const op of list) {
    try {
      SHARED[op.word](world, LOOP, op)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
    }
  }
}

module.exports = { SHARED }
