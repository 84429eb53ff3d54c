'use strict'

// What JavaScript and the library hold for each other: values by numbers, ids of objects, failures that
// nobody has asked for.

const K = require('./constants')
const { Turns } = require('./turns')
const { join, lowOf, highOf } = require('./driver')
const { Slots } = require('./slots')
const { Task } = require('./task')
const { PENDING } = require('./outcome')
const { errorFor, cancelledError } = require('./errors')

const { RUNNER_ECANCELED, RUNNER_EUSER, RUNNER_EGROUP, RUNNER_HOST_RELEASE, RUNNER_HOST_RESULT } = K

// Of a task that is over: what of it the library may still name.
class Gone {
  constructor(failure, reason, site) {
    this.failure = failure
    this.reason = reason
    this._site = site
  }

  _resumed() {
    return false
  }

  _abortSignal() {}
}

class Memory extends Turns {
  constructor() {
    super()
    this.slots = new Slots()
    this.closed = false
    this.debug = false
    this._registry = new FinalizationRegistry((id) => this.forget(id))
    this._outdated = [] // slots
    this._foreign = 0
    this._job = null
  }

  // The error that a wait ends with.
  errorOf(task, on, status, value) {
    on?._lost?.()
    if (status === RUNNER_ECANCELED) {
      const by = value === 0 ? undefined : this.slots.peek(value)
      const reason = by instanceof Task ? by._cancelReason : by?.reason
      // What it waited for was cancelled, by itself or by a cancel that was handed on: its very error.
      const inner = on?._cancelled?.(reason)
      if (inner !== undefined && (reason === undefined || inner._value.reason !== undefined)) return inner._value
      return cancelledError(reason, this.debug)
    }
    if (on !== null && on._failure !== undefined && (status === RUNNER_EUSER || status === RUNNER_EGROUP || on._status === status)) {
      return on._failure(value)
    }
    return status === RUNNER_EUSER && value !== 0 ? this.slots.peek(value) : errorFor(status)
  }

  // That of a task which has failed, by the low half of its id.
  failureOf(low, errno) {
    const task = this.tasks[low]
    if (task instanceof Task && task._status !== PENDING) return task._value
    return task instanceof Gone && task.failure !== 0 ? this.slots.peek(task.failure) : errorFor(errno)
  }

  // Promises of the program that tasks wait for. Time that is virtual stands still meanwhile, and it is no
  // deadlock, as with a job.
  foreign(change) {
    this._foreign += change
    if (!this.stepped || this.closed) return
    if (this._foreign > 0 && this._job === null) {
      this.must(K.RUNNER_HOST_JOB)
      this._job = [this.idLow, this.idHigh, this.b, this.bHigh]
    } else if (this._foreign === 0 && this._job !== null) {
      const [low, high, future, futureHigh] = this._job
      this._job = null
      this.put(null, K.RUNNER_HOST_RELEASE, 0, future, futureHigh, 0, 0, 0)
      this.command(null, K.RUNNER_HOST_JOB_END, 0, low, high)
    }
  }

  // The failure of a task or future was given to somebody.
  takeFailure(outcome) {
    this._registry.unregister(outcome)
    if (this.closed) return
    this.put(null, RUNNER_HOST_RESULT, 0, outcome._low, outcome._high, 0, 0, 0)
    this.put(null, RUNNER_HOST_RELEASE, 0, outcome._low, outcome._high, 0, 0, 0)
    this.settled()
  }

  // A slot that events which are under way may still name.
  outdated(slot) {
    if (slot !== 0) this._outdated.push(slot)
  }

  // An event has come for everything that was done.
  rested() {
    for (const slot of this._outdated) this.slots.take(slot)
    this._outdated.length = 0
  }

  // Releases an object of the library once its object of JavaScript is collected.
  watch(object, low, high) {
    this._registry.register(object, join(low, high), object)
  }

  // It was collected.
  forget(id) {
    if (this.closed) return
    this.put(null, RUNNER_HOST_RELEASE, 0, lowOf(id), highOf(id), 0, 0, 0)
    this.settled()
  }

  // Something was said that may have to be told soon: at once, if no turn will do it.
  settled() {
    if (this.active) this.kick()
    else this.flush()
  }
}

module.exports = { Memory, Gone }
