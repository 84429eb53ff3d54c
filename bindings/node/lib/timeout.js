'use strict'

// Deadlines for a part of a task, as asyncio.timeout.

const K = require('./constants')
const { errorFor, isCancel, cancelledError } = require('./errors')
const { checkFunction } = require('./check')
const { NS_PER_MS, toNanoseconds, toTime } = require('./times')
const { TWO_32, FOREVER_LOW, FOREVER_HIGH } = require('./driver')
const { Task } = require('./task')

const { RUNNER_ECANCELED, RUNNER_EUSER, RUNNER_ETIMEDOUT } = K

class Timeout {
  constructor(task, op, ns) {
    const engine = task._engine
    this._engine = engine
    this._open = false
    this._expired = false
    this._when = Infinity
    engine.must(K.RUNNER_HOST_TIMEOUT_NEW)
    this._low = engine.idLow
    this._high = engine.idHigh
    const [low, high] = split(ns)
    const code = engine.command(task, op, 0, this._low, this._high, low, high)
    if (code < 0) {
      this._release()
      throw errorFor(code)
    }
    this._open = true
  }

  get when() {
    if (this._open) this._look()
    return this._when >= 2 ** 63 ? null : this._when / NS_PER_MS
  }

  get expired() {
    if (this._open) this._look()
    return this._expired
  }

  reschedule(time) {
    if (!this._open) throw errorFor(this._expired ? K.RUNNER_EEXPIRED : K.RUNNER_EFINISHED)
    const [low, high] = split(toTime(time))
    this._engine.must(K.RUNNER_HOST_TIMEOUT_RESCHEDULE_AT, this._low, this._high, low, high)
    this._engine.settled()
  }

  get [Symbol.toStringTag]() {
    return 'Timeout'
  }

  // The body has ended, with a value or an error: what the scope ends with.
  _leave(task, status, value, error) {
    const code = this._engine.command(task, K.RUNNER_HOST_TIMEOUT_CLOSE, status, this._low, this._high)
    this._look()
    this._release()
    if (code === 0) return value
    if (code === status) throw error
    const late = errorFor(code)
    if (code === RUNNER_ETIMEDOUT) late.cause = error
    throw late
  }

  _look() {
    if (this._engine.closed) return
    this._engine.must(K.RUNNER_HOST_TIMEOUT_STATE, this._low, this._high)
    this._when = this._engine.a
    this._expired = this._engine.b === 1
  }

  _release() {
    this._open = false
    this._engine.put(null, K.RUNNER_HOST_RELEASE, 0, this._low, this._high, 0, 0, 0)
  }
}

function split(ns) {
  return ns === Infinity ? [FOREVER_LOW, FOREVER_HIGH] : [ns >>> 0, Math.floor(ns / TWO_32) >>> 0]
}

async function around(task, op, ns, body) {
  checkFunction(body, 'the body of a timeout')
  const engine = task._engine
  const timeout = engine.runs(task) ? new Timeout(task, op, ns) : await engine.whenRuns(task, () => new Timeout(task, op, ns))
  const told = task._told
  let status = 0
  let value
  let error
  try {
    value = await body(timeout)
  } catch (thrown) {
    status = isCancel(thrown) ? RUNNER_ECANCELED : RUNNER_EUSER
    error = thrown
  }
  const astray = engine.running !== task
  if (!engine.runs(task)) await engine.whenFree(task, () => undefined)
  // It comes back astray, too late: what it awaited could not be told that the time was over.
  if (status === 0 && astray && task._told === told && timeout.expired) {
    status = RUNNER_ECANCELED
    error = cancelledError(undefined, engine.debug)
  }
  return timeout._leave(task, status, value, error)
}

Task.prototype.timeout = async function timeout(ms, body) {
  const ns = ms === null || ms === undefined ? Infinity : typeof ms === 'number' && ms <= 0 ? toTime(ms, 'ms') : toNanoseconds(ms)
  return around(this, K.RUNNER_HOST_TIMEOUT_OPEN, ns, body)
}

Task.prototype.timeoutAt = async function timeoutAt(time, body) {
  return around(this, K.RUNNER_HOST_TIMEOUT_OPEN_AT, toTime(time), body)
}

module.exports = { Timeout }
