'use strict'

const K = require('./constants')
const { Construct } = require('./construct')
const { Lock } = require('./lock')
const { errorFor, typeError } = require('./errors')
const { checkFunction, checkInteger, show } = require('./check')
const { engineOf, taskOf } = require('./owner')
const { lowOf, highOf } = require('./driver')
const { inSteps } = require('./steps')

const ALL = -1

function checkLock(lock, of) {
  if (lock === undefined || lock === null) return new Lock(of)
  if (!(lock instanceof Lock)) throw typeError(`lock must be a Lock, not ${show(lock)}`)
  if (lock._engine !== engineOf(of)) throw errorFor(K.RUNNER_EFOREIGN)
  return lock
}

function * untilTrue(condition, task, predicate) {
  taskOf(task)
  checkFunction(predicate, 'predicate')
  for (;;) {
    const found = predicate()
    if (found instanceof Promise) throw typeError('predicate must not be async: a promise is always true')
    if (found) return found
    yield condition.wait(task)
  }
}

// Where tasks that share a lock wait until another one says that something has changed, as
// asyncio.Condition.
class Condition extends Construct {
  constructor(of, lock) {
    const shared = checkLock(lock, of)
    super(of, K.RUNNER_HOST_CONDITION_NEW, shared._low, shared._high)
    this._lock = shared
  }

  wait(task) {
    return this._wait(task, K.RUNNER_HOST_CONDITION_WAIT)
  }

  waitFor(task, predicate) {
    return inSteps(task, untilTrue(this, task, predicate))
  }

  notify(n = 1) {
    this._notify(checkInteger(n, 'n', 0))
  }

  notifyAll() {
    this._notify(ALL)
  }

  acquire(task) {
    return this._lock.acquire(task)
  }

  release() {
    this._lock.release()
  }

  get locked() {
    return this._lock.locked
  }

  with(task, body) {
    return this._lock.with(task, body)
  }

  get [Symbol.toStringTag]() {
    return 'Condition'
  }

  _notify(n) {
    this._tell(K.RUNNER_HOST_CONDITION_NOTIFY, lowOf(n), highOf(n))
  }
}

module.exports = { Condition }
