'use strict'

const K = require('./constants')
const { errorFor } = require('./errors')

const PENDING = 1 // no status of the library is positive

// What tasks and futures have in common: a result that comes once.
class Outcome {
  constructor(engine, low, high) {
    this._engine = engine
    this._low = low
    this._high = high
    this._status = PENDING
    this._value = undefined // or the error
    this._held = false // the library reports its failure unless somebody takes it
    this._reader = null // who has read `then` last
    this._watchers = null // [resolve, reject, ...] of promises that are no waits
  }

  get done() {
    return this._state() !== PENDING
  }

  get cancelled() {
    return this._state() === K.RUNNER_ECANCELED
  }

  result() {
    const status = this._state()
    if (status === 0) return this._value
    if (status === PENDING) throw errorFor(K.RUNNER_EPENDING)
    this._taken()
    throw this._value
  }

  exception() {
    const status = this._state()
    if (status === PENDING) throw errorFor(K.RUNNER_EPENDING)
    if (status === 0) return undefined
    this._taken()
    if (status === K.RUNNER_ECANCELED) throw this._value
    return this._value
  }

  // `await` reads it where it stands, and calls it in a microtask, when somebody else may have the turn. So
  // who waits is found when it is read.
  get then() {
    this._reader = this._engine.readerOf(this)
    return then
  }

  catch(onRejected) {
    return this.then(undefined, onRejected)
  }

  finally(onFinally) {
    this._reader = this._engine.readerOf(this)
    return this._awaited().finally(onFinally)
  }

  _awaited() {
    if (this._state() !== PENDING) return this._promise()
    const reader = this._reader
    this._reader = null
    if (reader === null || !this._engine.canWait(reader)) return this._watch()
    return this._engine.wait(reader, K.RUNNER_HOST_AWAIT, this._low, this._high, 0, 0, 0, this, true)
  }

  // A promise of an outcome that is there.
  _promise() {
    if (this._status === 0) return Promise.resolve(this._value)
    this._taken()
    return Promise.reject(this._value)
  }

  // A promise that follows it, without a task that waits.
  _watch() {
    return new Promise((resolve, reject) => {
      (this._watchers ??= []).push(resolve, reject)
    })
  }

  _state() {
    return this._status
  }

  // Whether the library still has it by its id.
  _known() {
    return this._status === PENDING || this._held
  }

  // It is settled, as the library knows already.
  _settle(status, value) {
    this._status = status
    this._value = value
    const watchers = this._watchers
    if (watchers === null) return
    this._watchers = null
    if (status !== 0) this._taken()
    for (let i = 0; i < watchers.length; i += 2) watchers[status === 0 ? i : i + 1](value)
  }

  // Somebody has been given its failure.
  _taken() {
    if (!this._held) return
    this._held = false
    this._engine.takeFailure(this)
  }
}

function then(onFulfilled, onRejected) {
  return this._awaited().then(onFulfilled, onRejected)
}

module.exports = { Outcome, PENDING }
