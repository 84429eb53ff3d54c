'use strict'

const K = require('./constants')
const { Construct } = require('./construct')
const { checkInteger } = require('./check')
const { lowOf, highOf } = require('./driver')

// Where a number of tasks wait for each other, as asyncio.Barrier.
class Barrier extends Construct {
  constructor(of, parties) {
    checkInteger(parties, 'parties', 1)
    super(of, K.RUNNER_HOST_BARRIER_NEW, lowOf(parties), highOf(parties))
    this._parties = parties
  }

  wait(task) {
    return this._wait(task, K.RUNNER_HOST_BARRIER_WAIT, this)
  }

  reset() {
    this._tell(K.RUNNER_HOST_BARRIER_RESET)
  }

  abort() {
    this._tell(K.RUNNER_HOST_BARRIER_ABORT)
  }

  get parties() {
    return this._parties
  }

  get waiting() {
    return this._look(K.RUNNER_HOST_BARRIER_STATE).a
  }

  get broken() {
    return this._look(K.RUNNER_HOST_BARRIER_STATE).b === 1
  }

  get [Symbol.toStringTag]() {
    return 'Barrier'
  }

  // A wait has ended: with the place of the task among the others.
  _waited(status, place) {
    return place
  }
}

module.exports = { Barrier }
