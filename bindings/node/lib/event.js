'use strict'

const K = require('./constants')
const { Construct } = require('./construct')

// A flag that tasks wait for, as asyncio.Event. At first it is not set.
class Event extends Construct {
  constructor(of) {
    super(of, K.RUNNER_HOST_EVENT_NEW)
  }

  set() {
    this._tell(K.RUNNER_HOST_EVENT_SET)
  }

  clear() {
    this._tell(K.RUNNER_HOST_EVENT_CLEAR)
  }

  get isSet() {
    return this._look(K.RUNNER_HOST_EVENT_IS_SET).b === 1
  }

  wait(task) {
    return this._wait(task, K.RUNNER_HOST_EVENT_WAIT)
  }

  get [Symbol.toStringTag]() {
    return 'Event'
  }
}

module.exports = { Event }
