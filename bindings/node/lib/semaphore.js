'use strict'

const K = require('./constants')
const { Construct } = require('./construct')
const { within } = require('./held')
const { checkBoolean, checkInteger, checkOptions } = require('./check')
const { lowOf, highOf } = require('./driver')

// Lets so many tasks at a time go on, in the order of their coming, as asyncio.Semaphore and
// asyncio.BoundedSemaphore.
class Semaphore extends Construct {
  constructor(of, value = 1, options = undefined) {
    checkInteger(value, 'value', 0)
    const { bounded = false } = checkOptions(options)
    checkBoolean(bounded, 'bounded')
    super(of, K.RUNNER_HOST_SEMAPHORE_NEW, lowOf(value), highOf(value), bounded ? 1 : 0)
  }

  acquire(task) {
    return this._wait(task, K.RUNNER_HOST_SEMAPHORE_ACQUIRE)
  }

  release() {
    this._tell(K.RUNNER_HOST_SEMAPHORE_RELEASE)
  }

  get locked() {
    return this._look(K.RUNNER_HOST_SEMAPHORE_STATE).b === 1
  }

  get value() {
    return this._look(K.RUNNER_HOST_SEMAPHORE_STATE).a
  }

  with(task, body) {
    return within(this, task, body)
  }

  get [Symbol.toStringTag]() {
    return 'Semaphore'
  }
}

module.exports = { Semaphore }
