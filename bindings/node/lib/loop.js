'use strict'

const { AsyncResource } = require('node:async_hooks')
const C = require('./native')
const K = require('./constants')
const { errorFor } = require('./errors')
const { checkFunction } = require('./check')
const { NS_PER_MS, toTime } = require('./times')
const { TWO_32, FOREVER_LOW, FOREVER_HIGH } = require('./driver')
const { Future } = require('./future')
const exceptions = require('./exceptions')

// What the library calls back: it has its turn as a task has.
class Callback {
  constructor(engine, act) {
    this._engine = engine
    this._act = act
    this._scope = new AsyncResource('LIBRUNNER_CALLBACK')
  }

  _begin(callback) {
    const engine = callback._engine
    const act = callback._act
    callback._act = null
    callback._released()
    try {
      act()
    } catch (error) {
      exceptions.callbackFailed(engine, error)
    }
    if (engine.debug) engine.took(null)
    engine.over(callback)
  }

  _released() {}

  _dropped() {
    this._act = null
  }
}

class Timer extends Callback {
  constructor(engine, act) {
    super(engine, act)
    this._low = this._high = 0
    this._cancelled = false
  }

  get cancelled() {
    return this._cancelled
  }

  cancel() {
    const engine = this._engine
    if (this._act === null || engine.closed) return false
    const code = engine.command(null, K.RUNNER_HOST_TIMER_CANCEL, 0, this._low, this._high)
    if (code !== 0) return false
    this._cancelled = true
    this._act = null
    this._released()
    return true
  }

  get [Symbol.toStringTag]() {
    return 'Timer'
  }

  _released() {
    this._engine.put(null, K.RUNNER_HOST_RELEASE, 0, this._low, this._high, 0, 0, 0)
    this._engine.settled()
  }

  _dropped() {
    if (this._act === null) return
    this._act = null
    this._released()
  }
}

class Loop {
  constructor(engine) {
    this._engine = engine
  }

  get kind() {
    this._engine.open()
    return this._engine.kind
  }

  get debug() {
    this._engine.open()
    return this._engine.debug
  }

  time() {
    this._engine.open()
    return Number(C.runner_time_ns(this._engine.core)) / NS_PER_MS
  }

  callSoon(callback) {
    checkFunction(callback, 'callback')
    this._call(K.RUNNER_HOST_CALL_SOON, new Callback(this._open(), callback), 0)
  }

  callLater(ms, callback) {
    return this._timer(K.RUNNER_HOST_CALL_LATER, toTime(ms, 'ms'), callback)
  }

  callAt(time, callback) {
    return this._timer(K.RUNNER_HOST_CALL_AT, toTime(time), callback)
  }

  createFuture() {
    return new Future(this._open())
  }

  stop() {
    this._open().must(K.RUNNER_HOST_STOP)
    this._engine.kick()
  }

  // Something else than the runner will wake a task: until this ends, that nothing can is no deadlock.
  hold() {
    const engine = this._open()
    engine.prepare()
    const code = C.runner_submitter_acquire(engine.core)
    if (code !== 0) throw errorFor(code)
    engine.settled()
    let held = true
    return () => {
      if (!held || engine.closed) return
      held = false
      C.runner_submitter_release(engine.core)
      engine.settled()
    }
  }

  get [Symbol.toStringTag]() {
    return 'Loop'
  }

  _open() {
    this._engine.open()
    return this._engine
  }

  _timer(op, ns, callback) {
    checkFunction(callback, 'callback')
    const engine = this._open()
    const timer = new Timer(engine, callback)
    this._call(op, timer, ns)
    timer._low = engine.idLow
    timer._high = engine.idHigh
    return timer
  }

  _call(op, callback, ns) {
    const engine = this._engine
    const slot = engine.slots.keep(callback)
    const forever = ns === Infinity
    const code = engine.command(null, op, 0, 0, 0, forever ? FOREVER_LOW : ns >>> 0,
      forever ? FOREVER_HIGH : Math.floor(ns / TWO_32) >>> 0, slot)
    if (code < 0) {
      engine.slots.take(slot)
      throw errorFor(code)
    }
    engine.settled()
  }
}

module.exports = { Loop, Timer }
