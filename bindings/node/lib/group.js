'use strict'

// Tasks that end together, as asyncio.TaskGroup.

const C = require('./native')
const K = require('./constants')
const { errorFor, isCancel, GroupError } = require('./errors')
const { checkFunction } = require('./check')
const { join, lowOf } = require('./driver')
const { Task } = require('./task')

const { RUNNER_ECANCELED, RUNNER_EUSER, RUNNER_EGROUP } = K

class TaskGroup {
  constructor(task) {
    const engine = task._engine
    this._engine = engine
    this._task = task
    this._open = true
    engine.must(K.RUNNER_HOST_GROUP_NEW)
    this._low = engine.idLow
    this._high = engine.idHigh
    engine.epoch++
    const code = engine.command(task, K.RUNNER_HOST_GROUP_OPEN, 0, this._low, this._high)
    if (code < 0) {
      this._release()
      throw errorFor(code)
    }
  }

  spawn(body, options) {
    checkFunction(body, 'the body of a task')
    if (!this._open) throw errorFor(K.RUNNER_EFINISHED)
    const engine = this._engine
    const { running } = engine
    const parent = running instanceof Task ? running : null
    return engine.spawn(parent ?? this._task, body, options, this._low, this._high)
  }

  cancel() {
    if (!this._open || this._engine.closed) return
    this._engine.epoch++
    this._engine.must(K.RUNNER_HOST_GROUP_CANCEL, this._low, this._high)
    this._engine.settled()
  }

  get [Symbol.toStringTag]() {
    return 'TaskGroup'
  }

  // The body has ended: waits for the children.
  async _close(task, status, error) {
    const engine = this._engine
    try {
      await engine.wait(task, K.RUNNER_HOST_GROUP_CLOSE, this._low, this._high, 0, 0, 0, this, status)
    } catch (thrown) {
      if (thrown !== this) throw isCancel(thrown) && status === RUNNER_ECANCELED ? error : thrown
      throw new GroupError(this._errors(error))
    } finally {
      this._release()
    }
  }

  _waited() {}

  // Why the wait has ended: it is looked for later.
  _failure() {
    return this
  }

  // What the children have failed with, in that order, and the body if it did.
  _errors(body) {
    for (let count = 8; ;) {
      const [code, total, errors] = C.runner_host_errors(this._engine.core, join(this._low, this._high), count)
      if (code !== 0) return []
      if (total <= count) {
        return errors.map(([id, errno]) => (id === 0 ? body : this._engine.failureOf(lowOf(id), errno)))
      }
      count = total
    }
  }

  _release() {
    this._open = false
    this._engine.put(null, K.RUNNER_HOST_RELEASE, 0, this._low, this._high, 0, 0, 0)
  }
}

Task.prototype.group = async function group(body) {
  checkFunction(body, 'the body of a group')
  const engine = this._engine
  const made = engine.runs(this) ? new TaskGroup(this) : await engine.whenRuns(this, () => new TaskGroup(this))
  let value
  let error
  let status = 0
  try {
    value = await body(made)
  } catch (thrown) {
    error = thrown
    status = isCancel(thrown) ? RUNNER_ECANCELED : RUNNER_EUSER
  }
  await made._close(this, status, error)
  if (status === 0) return value
  if (status === RUNNER_ECANCELED) return undefined // cancelled by the group itself
  throw error
}

module.exports = { TaskGroup, RUNNER_EGROUP }
