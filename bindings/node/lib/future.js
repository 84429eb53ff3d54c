'use strict'

const K = require('./constants')
const { Outcome, PENDING } = require('./outcome')
const { errorFor, cancelledError, isCancelled } = require('./errors')

const { RUNNER_ECANCELED, RUNNER_EUSER, RUNNER_EDONE, RUNNER_ECLOSED } = K

// A result that is settled once, by hand. Loop#createFuture makes it.
class Future extends Outcome {
  constructor(engine) {
    engine.must(K.RUNNER_HOST_FUTURE_NEW)
    super(engine, engine.idLow, engine.idHigh)
    this._slot = 0 // of its failure
    this._gone = false // the library has forgotten it
    engine.watch(this, this._low, this._high)
  }

  resolve(value) {
    this._order(K.RUNNER_HOST_RESOLVE, 0, 0)
    this._settle(0, value)
    this._engine.settled()
  }

  reject(error) {
    if (isCancelled(error)) {
      this._order(K.RUNNER_HOST_CANCEL, 0, 0)
      this._settle(RUNNER_ECANCELED, error)
    } else {
      const slot = this._engine.slots.keep(error)
      try {
        this._order(K.RUNNER_HOST_REJECT, RUNNER_EUSER, slot)
      } catch (refused) {
        this._engine.slots.take(slot)
        throw refused
      }
      this._slot = slot
      this._held = true
      this._settle(RUNNER_EUSER, error)
    }
    this._engine.settled()
  }

  cancel(reason) {
    if (this._state() !== PENDING || this._engine.closed) return false
    this._order(K.RUNNER_HOST_CANCEL, 0, 0)
    this._settle(RUNNER_ECANCELED, cancelledError(reason, this._engine.debug))
    this._engine.settled()
    return true
  }

  get [Symbol.toStringTag]() {
    return 'Future'
  }

  _waited() {
    return this._value
  }

  _failure() {
    this._taken()
    return this._value
  }

  // The library may have cancelled it, with a task that has waited for it.
  _cancelled(reason) {
    return this._state(reason) === RUNNER_ECANCELED ? this : undefined
  }

  _state(reason) {
    if (this._status !== PENDING) return this._status
    const engine = this._engine
    if (engine.closed) {
      this._settle(RUNNER_ECANCELED, cancelledError(errorFor(RUNNER_ECLOSED).message, false))
    } else if (engine.command(null, K.RUNNER_HOST_STATUS, 0, this._low, this._high) === RUNNER_ECANCELED) {
      this._settle(RUNNER_ECANCELED, cancelledError(reason, engine.debug))
    }
    return this._status
  }

  _known() {
    return !this._gone
  }

  _order(op, status, slot) {
    if (this._status !== PENDING) throw errorFor(RUNNER_EDONE)
    const engine = this._engine
    engine.epoch++
    const code = engine.command(null, op, status, this._low, this._high, 0, 0, slot)
    if (code < 0) throw errorFor(code)
  }

  // No event tells that a future is gone, as one does of a task.
  _taken() {
    if (!this._held) return
    super._taken()
    this._gone = true
    this._engine.outdated(this._slot)
    this._slot = 0
  }
}

module.exports = { Future }
