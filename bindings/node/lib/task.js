'use strict'

const C = require('./native')
const K = require('./constants')
const { Outcome, PENDING } = require('./outcome')
const { errorFor, cancelledError, isCancel, CancelledError, InvalidStateError } = require('./errors')
const { checkFunction, checkName, checkOptions, checkSignal } = require('./check')
const { toNanoseconds } = require('./times')
const { TWO_32, FOREVER_LOW, FOREVER_HIGH } = require('./driver')

const {
  RUNNER_ECANCELED, RUNNER_EUSER, RUNNER_EDONE, RUNNER_EABANDONED,
  RUNNER_HOST_SLEEP, RUNNER_HOST_YIELD, RUNNER_HOST_CANCEL, RUNNER_HOST_CANCELLING,
  RUNNER_HOST_UNCANCEL, RUNNER_HOST_DONE, RUNNER_HOST_RELEASED, RUNNER_HOST_RELEASE,
  RUNNER_HOST_WATCH, RUNNER_HOST_RESULT
} = K

// What a task does with its C task now.
const NOT_BEGUN = 0
const RUNS = 1
const WAITS = 2
const GUESSED = 3 // it waits because of a `then` that was called in its turn: see Engine#wait

class Task extends Outcome {
  constructor(engine, body, low, high, parent) {
    super(engine, low, high)
    this._body = body
    this._name = undefined
    this._number = 0
    this._stage = NOT_BEGUN
    this._resolve = null // of the promise of its wait
    this._reject = null
    this._on = null // what turns the end of the wait into its value, or null
    this._then = null // what is called once the wait that is pending has ended
    this._epoch = 0 // of the engine when it was resumed
    this._plain = false // its wait is one that every cancel ends
    this._told = 0 // how many cancels it was told of
    this._parentLow = 0 // not the task itself: it would keep all that were before
    this._parentHigh = 0
    this._lent = false // a closing task, which nobody holds
    this._gate = null
    this._cancelReason = undefined
    this._reasonSlot = 0
    this._signal = null
    this._site = undefined
    if (parent !== null) {
      this._parentLow = parent._low
      this._parentHigh = parent._high
    }
  }

  // ---- what it is ----

  get id() {
    return this._number
  }

  get name() {
    return this._name ?? `Task-${this._number}`
  }

  set name(name) {
    this._name = checkName(name)
    if (this._status === PENDING) this._engine.tellName(this, this._name)
  }

  get cancelling() {
    if (this._status !== PENDING || this._engine.closed) return 0
    return this._engine.command(null, RUNNER_HOST_CANCELLING, 0, this._low, this._high) < 0 ? 0 : this._engine.b
  }

  get [Symbol.toStringTag]() {
    return 'Task'
  }

  // ---- what it does ----

  spawn(body, options) {
    checkFunction(body, 'the body of a task')
    return this._engine.spawn(this, body, options, 0, 0)
  }

  sleep(ms) {
    let ns
    try {
      ns = toNanoseconds(ms)
    } catch (error) {
      return Promise.reject(error)
    }
    const forever = ns === Infinity
    return this._engine.wait(this, RUNNER_HOST_SLEEP, 0, 0, forever ? FOREVER_LOW : ns >>> 0,
      forever ? FOREVER_HIGH : (ns / TWO_32) >>> 0, 0, null, false)
  }

  yield() {
    return this._engine.wait(this, RUNNER_HOST_YIELD, 0, 0, 0, 0, 0, null, false)
  }

  cancel(reason) {
    if (this._status !== PENDING) return false
    const engine = this._engine
    if (engine.closed) return false
    engine.epoch++
    if (reason !== undefined) {
      this._cancelReason = reason
      if (this._reasonSlot === 0) this._reasonSlot = engine.slots.keep(this)
    }
    const code = engine.command(null, RUNNER_HOST_CANCEL, 0, this._low, this._high, 0, 0, this._reasonSlot)
    engine.kick()
    if (code === 0) return true
    if (code === RUNNER_EDONE) return false
    throw errorFor(code)
  }

  uncancel() {
    if (this._status !== PENDING) return 0
    const engine = this._engine
    const code = engine.command(null, RUNNER_HOST_UNCANCEL, 0, this._low, this._high)
    if (code < 0) throw errorFor(code)
    return engine.b
  }

  // Aborted while a cancel is requested that was not taken back.
  get signal() {
    if (this._signal !== null && this._signal.signal.aborted && this._status === PENDING &&
        this.cancelling === 0) {
      this._signal = null
    }
    if (this._signal === null) {
      this._signal = new AbortController()
      if (this._status === PENDING && !this._engine.closed) {
        this._engine.command(null, RUNNER_HOST_WATCH, 0, this._low, this._high)
        if (this.cancelling > 0) this._abortSignal()
      } else if (this._status === RUNNER_ECANCELED || this._status === RUNNER_EABANDONED) {
        this._signal.abort(this._value)
      }
    }
    return this._signal.signal
  }

  _abortSignal(error) {
    if (this._signal !== null && !this._signal.signal.aborted) {
      this._signal.abort(error ?? cancelledError(this._cancelReason, this._engine.debug))
    }
  }

  async [Symbol.asyncDispose]() {
    this.cancel()
    try {
      await this
    } catch (error) {
      if (!isCancel(error)) throw error
    }
  }

  // ---- its turns: called by the engine ----

  // Its turn has come for the first time.
  _begin() {
    const body = this._body
    this._body = this._gate = null
    this._stage = RUNS
    let value
    try {
      value = body(this)
    } catch (error) {
      this._failed(error)
      return
    }
    if (value === this) {
      this._failed(new TypeError('Chaining cycle detected: a task returns itself'))
      return
    }
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
      this._returned(value)
      return
    }
    // A promise is followed as it is; what a `then` of the program's own does is JavaScript's to say.
    Promise.resolve(value).then((result) => this._returned(result), (error) => this._failed(error))
  }

  // The wait has ended. False if nobody goes on by that.
  _resumed(status, value) {
    const resolve = this._resolve
    if (resolve === null) return false
    const reject = this._reject
    const on = this._on
    this._resolve = this._reject = this._on = null
    this._stage = RUNS
    const engine = this._engine
    // After any other wait a cancel may have been put off to the next one.
    this._epoch = this._plain ? engine.epoch : -1
    if (engine.debug) engine._began = performance.now()
    if (status === 0) {
      resolve(on === null ? undefined : on._waited(0, value))
    } else {
      if (status === RUNNER_ECANCELED) this._told++
      reject(engine.errorOf(this, on, status, value))
    }
    const then = this._then
    if (then !== null) {
      this._then = null
      then()
    }
    return this._stage === RUNS
  }

  // Somebody who waited for it goes on: its value.
  _waited() {
    return this._value
  }

  // What it has failed with, for one who has waited.
  _failure() {
    this._taken()
    return this._value
  }

  _returned(value) {
    this._engine.bodyOver(this, 0, value)
  }

  _failed(error) {
    this._engine.bodyOver(this, isCancel(error) ? RUNNER_ECANCELED : RUNNER_EUSER, error)
  }

  // Its C task ends as its body did; a cancel that it was not told of goes before that.
  _finish(status, value) {
    const engine = this._engine
    let slot = 0
    if (status === RUNNER_ECANCELED) {
      if (!(value instanceof CancelledError)) value = cancelledError(value, engine.debug)
      if (value.reason !== undefined) slot = engine.slots.keep(value)
    } else if (status === RUNNER_EUSER) {
      slot = engine.slots.keep(value)
    }
    // Kept for the next turn, unless it could have been cancelled since its turn began: then what the
    // library has made of it counts.
    if (status === RUNNER_EUSER || (this._epoch === engine.epoch && engine.running === this)) {
      const held = status === RUNNER_EUSER || this._lent
      engine.put(this, RUNNER_HOST_DONE, status, 0, 0, held ? 0 : RUNNER_HOST_RELEASED, 0, slot)
    } else {
      engine.put(this, RUNNER_HOST_DONE, status, 0, 0, 0, 0, slot)
      const how = engine.command(null, RUNNER_HOST_RESULT, 0, this._low, this._high)
      if (!this._lent) engine.put(null, RUNNER_HOST_RELEASE, 0, this._low, this._high, 0, 0, 0)
      if (how === RUNNER_ECANCELED && status === 0) {
        status = how
        value = cancelledError(this._cancelReason, engine.debug)
      }
    }
    engine.taskOver(this, status, value, slot)
  }
}

module.exports = { Task, NOT_BEGUN, RUNS, WAITS, GUESSED }
