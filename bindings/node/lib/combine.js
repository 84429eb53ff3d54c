'use strict'

// Waits for what others do: one, with or without a shield, several, or promises that are not the runner's.

const C = require('./native')
const K = require('./constants')
const { errorFor, typeError, rangeError } = require('./errors')
const { checkOptions, checkBoolean, show } = require('./check')
const { toNanoseconds } = require('./times')
const { join, lowOf, highOf, TWO_32 } = require('./driver')
const { Outcome, PENDING } = require('./outcome')
const { Task } = require('./task')
const { taskOf } = require('./owner')
const { inSteps } = require('./steps')

const { RUNNER_EFOREIGN, RUNNER_HOST_AWAIT, RUNNER_HOST_RELEASE } = K

// ---- one ----

// A promise of the program, as a future of the library.
class Foreign {
  constructor(engine, promise) {
    engine.must(K.RUNNER_HOST_FUTURE_NEW)
    this._engine = engine
    this._low = engine.idLow
    this._high = engine.idHigh
    this._waits = true
    this._failed = false
    this._result = undefined
    engine.foreign(1)
    promise.then((value) => this._settle(false, value), (error) => this._settle(true, error))
  }

  _settle(failed, result) {
    if (!this._waits) return // a cancel has ended the wait
    this._failed = failed
    this._result = result
    this._engine.command(null, K.RUNNER_HOST_RESOLVE, 0, this._low, this._high)
    this._engine.settled()
  }

  _waited() {
    return this._failed ? Promise.reject(this._result) : this._result
  }

  over() {
    if (!this._waits) return
    this._waits = false
    const engine = this._engine
    engine.foreign(-1)
    engine.put(null, RUNNER_HOST_RELEASE, 0, this._low, this._high, 0, 0, 0)
    engine.settled()
  }
}

// The end of a wait for something that was made for it.
function * finished(wait, made) {
  try {
    return yield wait
  } finally {
    made.over()
  }
}

function checkEngine(task, outcome) {
  if (outcome._engine !== task._engine) throw errorFor(RUNNER_EFOREIGN)
}

function untilForeign(task, promise) {
  const engine = task._engine
  if (!engine.runs(task)) return engine.whenRuns(task, () => untilForeign(task, promise))
  const foreign = new Foreign(engine, promise)
  return inSteps(task, finished(engine.wait(task, RUNNER_HOST_AWAIT, foreign._low, foreign._high, 0, 0, 0, foreign), foreign))
}

function untilDone(task, outcome) {
  checkEngine(task, outcome)
  if (outcome._state() !== PENDING) return outcome._promise()
  return task._engine.wait(task, RUNNER_HOST_AWAIT, outcome._low, outcome._high, 0, 0, 0, outcome)
}

function untilFor(task, outcome, ns) {
  checkEngine(task, outcome)
  if (outcome._state() !== PENDING) return outcome._promise()
  return task._engine.wait(task, K.RUNNER_HOST_AWAIT_FOR, outcome._low, outcome._high, ns >>> 0,
    (ns / TWO_32) >>> 0, 0, outcome)
}

Task.prototype.until = async function until(awaitable, options) {
  const { timeout } = checkOptions(options)
  const ns = timeout === undefined || timeout === null ? Infinity : toNanoseconds(timeout, 'timeout')
  if (ns === Infinity) {
    return awaitable instanceof Outcome ? untilDone(this, awaitable) : untilForeign(this, Promise.resolve(awaitable))
  }
  if (awaitable instanceof Task) return untilFor(this, awaitable, ns)
  return this.timeout(timeout, () => this.until(awaitable))
}

// What stands for several in the library, or for one: its outcome is looked at in theirs.
class Made {
  constructor(engine, low, high, outcomes) {
    this._engine = engine
    this._low = low
    this._high = high
    this._outcomes = outcomes
  }

  _waited() {}

  // The one whose error it is.
  _failure(value) {
    const error = this._engine.slots.peek(value)
    const one = this._outcomes.find((outcome) => outcome._status !== PENDING && outcome._value === error)
    return one === undefined ? error : one._failure()
  }

  // The one that was cancelled, and with that this.
  _cancelled() {
    return this._outcomes.find((outcome) => outcome.cancelled)
  }

  over() {
    this._engine.put(null, RUNNER_HOST_RELEASE, 0, this._low, this._high, 0, 0, 0)
  }
}

function * shielding(task, awaitable) {
  if (!(awaitable instanceof Outcome)) return yield task.until(awaitable) // it is cancelled by nothing
  checkEngine(task, awaitable)
  if (awaitable._state() !== PENDING) return awaitable.result()
  const engine = task._engine
  if (!engine.runs(task)) yield engine.whenRuns(task, () => undefined)
  engine.must(K.RUNNER_HOST_SHIELD, 0, 0, awaitable._low, awaitable._high)
  const made = new Made(engine, engine.idLow, engine.idHigh, [awaitable])
  yield * finished(engine.wait(task, RUNNER_HOST_AWAIT, made._low, made._high, 0, 0, 0, made), made)
  return awaitable.result()
}

Task.prototype.shield = function shield(awaitable) {
  return inSteps(this, shielding(this, awaitable))
}

// ---- several ----

function listOf(awaitables, name = 'awaitables') {
  if (awaitables === null || awaitables === undefined || typeof awaitables === 'string' ||
      typeof awaitables[Symbol.iterator] !== 'function') {
    throw typeError(`${name} must be a list of tasks and futures, not ${show(awaitables)}`)
  }
  const list = [...awaitables]
  for (const one of list) {
    if (!(one instanceof Outcome)) throw typeError(`${name} must be tasks and futures, not ${show(one)}`)
  }
  return list
}

// The ids of tasks and futures. One that the library does not know any more has a future there that has
// ended likewise, for as long as `made` exists.
class Ids {
  constructor(engine, list) {
    this._engine = engine
    this._made = new Map()
    this._slots = []
    this.ids = list.map((one) => (one._known() ? join(one._low, one._high) : this._likewise(one)))
  }

  _likewise(one) {
    if (!this._made.has(one)) this._made.set(one, this._make(one))
    return this._made.get(one)
  }

  _make({ _status: status, _value: value }) {
    const engine = this._engine
    engine.must(K.RUNNER_HOST_FUTURE_NEW)
    const { idLow: low, idHigh: high } = engine
    if (status === 0) {
      engine.must(K.RUNNER_HOST_RESOLVE, low, high)
    } else if (status === K.RUNNER_ECANCELED) {
      engine.must(K.RUNNER_HOST_CANCEL, low, high)
    } else {
      const slot = engine.slots.keep(value)
      this._slots.push(slot)
      engine.command(null, K.RUNNER_HOST_REJECT, K.RUNNER_EUSER, low, high, 0, 0, slot)
      engine.put(null, K.RUNNER_HOST_RESULT, 0, low, high, 0, 0, 0) // it is known already
    }
    return join(low, high)
  }

  release() {
    const engine = this._engine
    for (const id of this._made.values()) {
      engine.put(null, RUNNER_HOST_RELEASE, 0, lowOf(id), highOf(id), 0, 0, 0)
    }
    for (const slot of this._slots) engine.outdated(slot)
  }
}

function values(list, returnExceptions) {
  return list.map((one) => {
    const status = one._state()
    if (status === 0 || !returnExceptions) return one.result()
    one._taken()
    return one._value
  })
}

function * gathering(task, awaitables, options) {
  const engine = taskOf(task)._engine
  const list = listOf(awaitables)
  const { returnExceptions = false } = checkOptions(options)
  checkBoolean(returnExceptions, 'returnExceptions')
  for (const one of list) checkEngine(task, one)
  if (!engine.runs(task)) yield engine.whenRuns(task, () => undefined)
  const all = new Ids(engine, list)
  try {
    engine.flush()
    const [code, id] = C.runner_host_gather(engine.core, all.ids, returnExceptions ? 1 : 0)
    if (code < 0) throw errorFor(code)
    const made = new Made(engine, lowOf(id), highOf(id), list)
    yield * finished(engine.wait(task, RUNNER_HOST_AWAIT, made._low, made._high, 0, 0, 0, made), made)
  } catch (error) {
    for (const one of list) if (one._state() !== PENDING) one._taken() // the library has told of them
    throw error
  } finally {
    all.release()
  }
  return values(list, returnExceptions)
}

function gather(task, awaitables, options) {
  return inSteps(task, gathering(task, awaitables, options))
}

const WHEN = new Map([
  ['first_completed', K.RUNNER_FIRST_COMPLETED],
  ['first_exception', K.RUNNER_FIRST_EXCEPTION],
  ['all_completed', K.RUNNER_ALL_COMPLETED]
])

function * waiting(task, awaitables, options) {
  const engine = taskOf(task)._engine
  const list = [...new Set(listOf(awaitables))]
  if (list.length === 0) throw rangeError('awaitables must not be empty: there is nothing to wait for')
  const { timeout, returnWhen = 'all_completed' } = checkOptions(options)
  if (!WHEN.has(returnWhen)) throw rangeError(`returnWhen must be one of ${[...WHEN.keys()].join(', ')}, not ${show(returnWhen)}`)
  const ns = timeout === undefined || timeout === null ? Infinity : toNanoseconds(timeout, 'timeout')
  for (const one of list) checkEngine(task, one)
  if (!engine.runs(task)) yield engine.whenRuns(task, () => undefined)
  const all = new Ids(engine, list)
  try {
    yield engine.waitSeveral(task, all.ids, WHEN.get(returnWhen), ns)
  } finally {
    all.release()
  }
  const done = new Set(list.filter((one) => one._state() !== PENDING))
  return { done, pending: new Set(list.filter((one) => !done.has(one))) }
}

function wait(task, awaitables, options) {
  return inSteps(task, waiting(task, awaitables, options))
}

module.exports = { gather, wait }
