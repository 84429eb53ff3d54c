'use strict'

const K = require('./constants')
const { deferred, made } = require('./deferred')
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
  // who waits is found when it is read. A program that calls it reads and calls in one go, and only looks on.
  get then() {
    const engine = this._engine
    this._reader = engine.readerOf()
    if (this._reader !== null) engine.read(this)
    return then
  }

  catch(onRejected) {
    return this._seen().catch(onRejected)
  }

  finally(onFinally) {
    return this._seen().finally(onFinally)
  }

  // A promise of it that is no wait of a task.
  _seen() {
    return this._state() === PENDING ? this._watch() : this._promise()
  }

  // The same of one that exists, and these settle it.
  _seenBy(resolve, reject) {
    const status = this._state()
    if (status === PENDING) {
      this._watchBy(resolve, reject)
    } else if (status === 0) {
      resolve(this._value)
    } else {
      this._taken()
      reject(this._value)
    }
  }

  // A promise of an outcome that is there.
  _promise() {
    if (this._status === 0) return Promise.resolve(this._value)
    this._taken()
    return Promise.reject(this._value)
  }

  // A promise that follows it, without a task that waits.
  _watch() {
    const promise = deferred()
    this._watchBy(made.resolve, made.reject)
    return promise
  }

  _watchBy(resolve, reject) {
    (this._watchers ??= []).push(resolve, reject)
    this._engine.watching(1)
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
    this._engine.watching(-watchers.length / 2)
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

// Called by `await`, in a microtask, with functions that settle a promise of the engine's own. What it returns is then looked at by nobody.
function then(onFulfilled, onRejected) {
  const reader = this._reader
  this._reader = null
  if (reader !== null && typeof onFulfilled === 'function' && typeof onRejected === 'function' &&
      !this._engine.isReading(this)) {
    if (!this._engine.waitBy(reader, this, onFulfilled, onRejected)) this._seenBy(onFulfilled, onRejected)
    return this
  }
  return this._seen().then(onFulfilled, onRejected)
}

module.exports = { Outcome, PENDING }
