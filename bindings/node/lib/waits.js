'use strict'

// How tasks wait, and who it is that waits.

const C = require('./native')
const K = require('./constants')
const { Memory } = require('./memory')
const { join } = require('./driver')
const { Task, NOT_BEGUN, RUNS, WAITS, GUESSED } = require('./task')
const { PENDING } = require('./outcome')
const { errorFor, InvalidStateError } = require('./errors')

const {
  RUNNER_ECANCELED, RUNNER_EPARKED, RUNNER_ECLOSED, RUNNER_ENOTASK, RUNNER_HOST_SUSPENDED,
  RUNNER_HOST_SLEEP, RUNNER_HOST_YIELD, RUNNER_HOST_UNPARK
} = K

// A task that tries for ever, in spite of all errors, must not keep Node from going on.
function refuseLater(error) {
  return new Promise((resolve, reject) => { setImmediate(reject, error).unref() })
}

class Waits extends Memory {
  constructor() {
    super()
    this._held = [] // what was asked for between two runs
    this._began = 0 // debug mode: the step
  }

  // Whether the C task runs, so that it can do something. Who calls anything else while it was taken for
  // waiting does not wait.
  runs(task) {
    if (task._stage === RUNS) return true
    if (task._stage !== GUESSED) return false
    if (this.command(null, RUNNER_HOST_UNPARK, 0, task._low, task._high) !== 0) return false
    const { _resolve: resolve, _reject: reject, _on: on } = task
    task._resolve = task._reject = task._on = null
    task._stage = RUNS
    if (on._state() === PENDING) (on._watchers ??= []).push(resolve, reject)
    else resolve(on._promise())
    return true
  }

  // Calls `act` as soon as the task can do something, and gives its promise.
  whenRuns(task, act) {
    if (this.closed) return refuseLater(errorFor(RUNNER_ECLOSED))
    if (task._status !== PENDING) return Promise.reject(errorFor(RUNNER_ENOTASK))
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

  // Why a task cannot wait now, as an error; or null if it can.
  _refusal(task) {
    if (task._status !== PENDING || task._stage === NOT_BEGUN) {
      return new InvalidStateError(K.RUNNER_ENOTASK, `${task.name} does not run: a task waits by its own methods, which its function is given`)
    }
    return new InvalidStateError(RUNNER_EPARKED, `${task.name} already waits for something: a task waits for one thing at a time (a child has a task of its own; gather waits for several)`)
  }

  // Waits as a task: the promise of what comes. on: has `_waited(status, value)`, and may have `failure`.
  // guess: nobody has said that it is this task that waits; it is its turn.
  wait(task, op, idLow, idHigh, aLow, aHigh, b, on, guess, status = 0) {
    if (!this.active) {
      return this.whenRuns(task, () => this.wait(task, op, idLow, idHigh, aLow, aHigh, b, on, guess, status))
    }
    if (task._stage !== RUNS && !this.runs(task)) {
      if (task._stage !== GUESSED) return Promise.reject(this._refusal(task))
      return this.whenRuns(task, () => this.wait(task, op, idLow, idHigh, aLow, aHigh, b, on, guess, status))
    }
    if (this.debug) this._took(task)
    // What only parks its own task is kept for the next turn; so is the wait of the last one of a batch.
    const last = this.running === task && this._next === this._events
    const plain = op === RUNNER_HOST_SLEEP || op === RUNNER_HOST_YIELD
    task._plain = plain
    if (last || plain) {
      this.put(task, (op | RUNNER_HOST_SUSPENDED) >>> 0, status, idLow, idHigh, aLow, aHigh, b)
    } else {
      const code = this.command(task, op, status, idLow, idHigh, aLow, aHigh, b)
      if (code !== RUNNER_EPARKED) return this._atOnce(task, on, code, this.b)
    }
    return this.park(task, on, guess)
  }

  // Waits until some of several are done.
  waitSeveral(task, ids, mode, ns) {
    if (!this.runs(task)) return Promise.reject(this._refusal(task))
    task._plain = false
    this.flush()
    const timeout = ns === Infinity ? K.RUNNER_HOST_FOREVER : ns
    const code = C.runner_host_wait(this.core, join(task._low, task._high), ids, mode, timeout)
    return code === RUNNER_EPARKED ? this.park(task, null, false) : this._atOnce(task, null, code, 0)
  }

  // The promise of a task that is parked.
  park(task, on, guess) {
    const promise = new Promise((resolve, reject) => {
      task._resolve = resolve
      task._reject = reject
    })
    task._on = on
    task._stage = guess ? GUESSED : WAITS
    if (this.running === task) {
      this.running = null
      this.pump()
    } else {
      this.kick()
    }
    return promise
  }

  _atOnce(task, on, code, value) {
    if (code === 0) return Promise.resolve(on === null ? undefined : on._waited(0, value))
    if (code === RUNNER_ECANCELED) task._told++
    return Promise.reject(this.errorOf(task, on, code, value))
  }

  // Who waits when something is awaited by `await` alone: who has the turn; else who has spawned it, if that
  // one runs, and has only gone astray. null: nobody of this runner.
  readerOf(outcome) {
    if (!this.active) return null
    const { running } = this
    if (running !== null) return running !== outcome && running._stage === RUNS ? running : null
    const parent = outcome._parentLow === undefined ? undefined : this.tasks[outcome._parentLow]
    return parent instanceof Task && parent._high === outcome._parentHigh && parent._stage === RUNS ? parent : null
  }

  canWait(task) {
    return this.active && task._stage === RUNS && task._status === PENDING
  }

  // Debug mode: how long a step took is reported if that was long.
  _took(task) {
    const now = performance.now()
    const ns = Math.round((now - this._began) * 1e6)
    this._began = now
    if (this.running === task && ns > 0) {
      this.put(task, K.RUNNER_HOST_TOOK, 0, 0, 0, ns >>> 0, (ns / 4294967296) >>> 0, 0)
    }
  }
}

module.exports = { Waits }
