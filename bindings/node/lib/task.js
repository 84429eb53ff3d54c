'use strict'

const C = require('./native')
const K = require('./constants')
const { Outcome, PENDING } = require('./outcome')
const { errorFor, cancelledError, isCancel, CancelledError, InvalidStateError } = require('./errors')
const { checkFunction, checkName, checkOptions, checkSignal } = require('./check')
const { toNanoseconds } = require('./times')
const { NOT_BEGUN, RUNS, OVER } = require('./stages')
const { TWO_32, FOREVER_LOW, FOREVER_HIGH } = require('./driver')

const {
  RUNNER_ECANCELED, RUNNER_EUSER, RUNNER_EDONE, RUNNER_EABANDONED,
  RUNNER_HOST_SLEEP, RUNNER_HOST_YIELD, RUNNER_HOST_CANCEL, RUNNER_HOST_CANCELLING,
  RUNNER_HOST_UNCANCEL, RUNNER_HOST_DONE, RUNNER_HOST_RELEASED, RUNNER_HOST_RELEASE,
  RUNNER_HOST_WATCH, RUNNER_HOST_RESULT
} = K

// What few tasks have.
class Rare {
  constructor() {
    this.name = undefined
    this.then = null
    this.told = 0
    this.lent = false
    this.cancelReason = undefined
    this.reasonSlot = 0
    this.signal = null
    this.followed = null
    this.site = undefined
  }
}

const NOTHING = Object.freeze(new Rare())

class Task extends Outcome {
  constructor(engine, body, low, high) {
    super(engine, low, high)
    this._body = body
    this._number = 0
    this._stage = NOT_BEGUN
    this._scope = null // the asynchronous context that it begins in
    this._resolve = null // settle its wait
    this._reject = null
    this._wait = null // the promise of it, if there is one
    this._on = null // what turns the end of the wait into its value, or null
    this._plain = false // its wait is one that every cancel ends
    this._epoch = 0 // of the engine when it was resumed
    this._rare = NOTHING
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

  get loop() {
    return this._engine.loop
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
      forever ? FOREVER_HIGH : (ns / TWO_32) >>> 0, 0, null)
  }

  yield() {
    return this._engine.wait(this, RUNNER_HOST_YIELD, 0, 0, 0, 0, 0, null)
  }

  cancel(reason) {
    if (this._status !== PENDING) return false
    const engine = this._engine
    if (engine.closed) return false
    if (reason !== undefined) this._cancelReason = reason
    if (engine.dropUnstarted(this)) return true
    engine.epoch++
    if (reason !== undefined && this._reasonSlot === 0) this._reasonSlot = engine.slots.keep(this)
    const code = engine.command(null, RUNNER_HOST_CANCEL, 0, this._low, this._high, 0, 0, this._reasonSlot)
    engine.kick()
    if (code === 0) {
      this._abortSignal()
      return true
    }
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
  _begin(task) {
    const body = task._body
    task._body = task._scope = null
    task._stage = RUNS
    let value
    try {
      value = body(task)
    } catch (error) {
      task._failed(error)
      return
    }
    if (value === task) {
      task._failed(new TypeError('Chaining cycle detected: a task returns itself'))
    } else if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
      task._returned(value)
    } else {
      // A promise is followed as it is; what a `then` of the program's own does is JavaScript's to say.
      Promise.resolve(value).then(task._returned.bind(task), task._failed.bind(task))
    }
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
      this._wait = null
      resolve(on === null ? undefined : on._waited(0, value))
    } else {
      if (status === RUNNER_ECANCELED) this._wasTold()
      reject(engine.errorOf(this, on, status, value))
    }
    if (this._rare !== NOTHING) {
      const then = this._then
      this._then = null
      then?.()
    }
    return this._stage === RUNS
  }

  // It is told of a cancel. A wait that nobody looks at is no error that nobody handles then.
  _wasTold() {
    this._told++
    this._wait?.catch(() => {})
    this._wait = null
    if (this._signal !== null && this.cancelling > 0) this._abortSignal()
  }

  _cancelled() {
    return this._status === RUNNER_ECANCELED ? this : undefined
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
    if (engine.debug && engine.running === this) engine.took(this)
    this._stage = OVER
    if (status === RUNNER_ECANCELED) {
      if (!(value instanceof CancelledError)) value = value.cause // see isCancel()
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

// _name; _then: what is called once the wait that is pending has ended; _told: how many cancels it was told of;
// _lent: a closing task, which nobody holds; _cancelReason, _reasonSlot: of its latest cancel; _signal: its
// AbortController; _followed: the signal that cancels it; _site: where it was spawned.
for (const name of Object.keys(NOTHING)) {
  Object.defineProperty(Task.prototype, `_${name}`, {
    get() { return this._rare[name] },
    set(value) {
      if (this._rare === NOTHING) this._rare = new Rare()
      this._rare[name] = value
    }
  })
}

module.exports = { Task }
