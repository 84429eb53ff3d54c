'use strict'

const K = require('./constants')
const { Construct } = require('./construct')
const { within } = require('./held')

// Lets one task at a time go on, in the order of their coming, as asyncio.Lock.
class Lock extends Construct {
  constructor(of) {
    super(of, K.RUNNER_HOST_LOCK_NEW)
  }

  acquire(task) {
    return this._wait(task, K.RUNNER_HOST_LOCK_ACQUIRE)
  }

  release() {
    this._tell(K.RUNNER_HOST_LOCK_RELEASE)
  }

  get locked() {
    return this._look(K.RUNNER_HOST_LOCK_STATE).b === 1
  }

  with(task, body) {
    return within(this, task, body)
  }

  get [Symbol.toStringTag]() {
    return 'Lock'
  }
}

module.exports = { Lock }
