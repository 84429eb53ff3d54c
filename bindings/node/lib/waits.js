'use strict'

// How tasks wait, and who it is that waits.

const C = require('./native')
const K = require('./constants')
const { deferred, made } = require('./deferred')
const { Memory } = require('./memory')
const { join, TWO_32 } = require('./driver')
const { NOT_BEGUN, RUNS, WAITS, GUESSED } = require('./stages')
const { PENDING } = require('./outcome')
const { errorFor, InvalidStateError } = require('./errors')

const {
  RUNNER_ECANCELED, RUNNER_EPARKED, RUNNER_ECLOSED, RUNNER_ENOTASK, RUNNER_HOST_SUSPENDED,
  RUNNER_HOST_SLEEP, RUNNER_HOST_YIELD, RUNNER_HOST_AWAIT, RUNNER_HOST_UNPARK
} = K

const MANY = 100

const SOON = Promise.resolve()

class Waits extends Memory {
  constructor() {
    super()
    this._held = [] // what was asked for between two runs
    this._refusals = 0 // of waits, since it is closed
    this._read = null // whose `then` was read in this very code
    this._unread = () => { this._read = null }
    this._began = 0 // debug mode: the step
  }

  // Whether the C task runs, so that it can do something. Who calls anything else while it was taken for
  // waiting does not wait.
  runs(task) {
    if (!this.active) return false
    if (task._stage === RUNS) {
      if (this.running === null) this.back(task)
      return true
    }
    if (task._stage !== GUESSED) return false
    if (this.command(null, RUNNER_HOST_UNPARK, 0, task._low, task._high) !== 0) return false
    const { _resolve: resolve, _reject: reject, _on: on } = task
    task._resolve = task._reject = task._on = null
    task._stage = RUNS
    if (on._state() === PENDING) on._watchBy(resolve, reject)
    else resolve(on._promise())
    return true
  }

  // Calls `act` once the task can do something, and gives its promise: after a guess that was wrong, or between
  // two runs. One that waits for something else is refused.
  whenRuns(task, act) {
    const refused = this.active && task._stage !== RUNS && task._stage !== GUESSED
    return refused ? Promise.reject(this._refusal(task)) : this.whenFree(task, act)
  }

  // The same; what it waits for is waited for.
  whenFree(task, act) {
    if (this.closed) return this._refuseClosed()
    if (task._status !== PENDING) return Promise.reject(this._refusal(task))
    return new Promise((resolve, reject) => {
      const again = () => {
        try {
          resolve(act())
        } catch (error) {
          reject(error)
        }
      }
      if (!this.active) this._held.push(again)
      else task._then = this._chain(task._then, again)
    })
  }

  // A task that tries for ever, in spite of all errors, must not keep Node from going on, nor from ending.
  _refuseClosed() {
    return new Promise((resolve, reject) => {
      const immediate = setImmediate(reject, errorFor(RUNNER_ECLOSED))
      if (++this._refusals > MANY) immediate.unref()
    })
  }

  // Why a task cannot wait now, as an error; or null if it can.
  _refusal(task) {
    if (task._status !== PENDING || task._stage === NOT_BEGUN) {
      return new InvalidStateError(K.RUNNER_ENOTASK, `${task.name} does not run: a task waits by its own methods, which its function is given`)
    }
    return new InvalidStateError(RUNNER_EPARKED, `${task.name} already waits for something: a task waits for one thing at a time (a child has a task of its own; gather waits for several)`)
  }

  // Waits as a task: the promise of what comes. on: has `_waited(status, value)`, and may have `_failure`.
  wait(task, op, idLow, idHigh, aLow, aHigh, b, on, status = 0) {
    if (!this.active) {
      return this.whenRuns(task, () => this.wait(task, op, idLow, idHigh, aLow, aHigh, b, on, status))
    }
    if (task._stage !== RUNS && !this.runs(task)) {
      return this.whenRuns(task, () => this.wait(task, op, idLow, idHigh, aLow, aHigh, b, on, status))
    }
    const code = this._send(task, op, idLow, idHigh, aLow, aHigh, b, status)
    return code === RUNNER_EPARKED ? this.park(task, on) : this._atOnce(task, on, code, this.b)
  }

  // Waits as a task that has awaited an outcome by `await` alone, which settles by these two functions of the
  // engine's own. False if it does not wait.
  waitBy(task, outcome, resolve, reject) {
    if (!this.active || task._stage !== RUNS || task._status !== PENDING || outcome._state() !== PENDING) return false
    const code = this._send(task, RUNNER_HOST_AWAIT, outcome._low, outcome._high, 0, 0, 0, 0)
    if (code === RUNNER_EPARKED) this._parked(task, outcome, resolve, reject, GUESSED)
    else this._atOnce(task, outcome, code, this.b).then(resolve, reject)
    return true
  }

  // Gives the command of a wait. What only parks its own task is kept for the next turn; so is the wait of the
  // last one of a batch.
  _send(task, op, idLow, idHigh, aLow, aHigh, b, status) {
    if (this.debug && this.running === task) this.took(task)
    const plain = op === RUNNER_HOST_SLEEP || op === RUNNER_HOST_YIELD
    task._plain = plain
    if (plain || (this.running === task && this._next === this._events)) {
      this.put(task, (op | RUNNER_HOST_SUSPENDED) >>> 0, status, idLow, idHigh, aLow, aHigh, b)
      return RUNNER_EPARKED
    }
    return this.command(task, op, status, idLow, idHigh, aLow, aHigh, b)
  }

  // Waits until some of several are done.
  waitSeveral(task, ids, mode, ns) {
    if (!this.runs(task)) return Promise.reject(this._refusal(task))
    task._plain = false
    this.flush()
    const timeout = ns === Infinity ? K.RUNNER_HOST_FOREVER : ns > Number.MAX_SAFE_INTEGER ? BigInt(ns) : ns
    const code = C.runner_host_wait(this.core, join(task._low, task._high), ids, mode, timeout)
    return code === RUNNER_EPARKED ? this.park(task, null) : this._atOnce(task, null, code, 0)
  }

  // The promise of a task that is parked.
  park(task, on) {
    const promise = deferred()
    task._wait = promise
    this._parked(task, on, made.resolve, made.reject, WAITS)
    return promise
  }

  _parked(task, on, resolve, reject, stage) {
    task._resolve = resolve
    task._reject = reject
    task._on = on
    task._stage = stage
    if (this._astray.size > 0) this._astray.delete(task)
    if (this.running === task) {
      this.running = null
      this.pump(stage === WAITS) // an `await` alone is in a microtask of its own
    } else {
      this.kick()
    }
  }

  _atOnce(task, on, code, value) {
    if (code === 0) return Promise.resolve(on === null ? undefined : on._waited(0, value))
    const promise = Promise.reject(this.errorOf(task, on, code, value))
    if (code === RUNNER_ECANCELED) {
      task._wait = promise
      task._wasTold()
    }
    return promise
  }

  // Who waits when something is awaited by `await` alone: who has the turn. null: nobody of this runner, or one
  // that has gone astray, which cannot be known.
  readerOf() {
    const { running } = this
    return running !== null && running._stage === RUNS ? running : null
  }

  // `then` of an outcome was read. That lasts until the program's code is left.
  read(outcome) {
    if (this._read === null) SOON.then(this._unread)
    this._read = outcome
  }

  isReading(outcome) {
    return this._read === outcome
  }

  // Debug mode: how long a step took is reported if that was long. who: a task, or null for a callback.
  took(who) {
    const now = performance.now()
    const ns = Math.round((now - this._began) * 1e6)
    this._began = now
    if (ns > 0) this.put(who, K.RUNNER_HOST_TOOK, 0, 0, 0, ns >>> 0, (ns / TWO_32) >>> 0, 0)
  }
}

module.exports = { Waits }
