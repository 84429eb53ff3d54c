'use strict'

// A task of runSync: a generator that yields what it waits for.

const K = require('./constants')
const { errorFor, isCancel, typeError, GroupError, InvalidStateError } = require('./errors')
const { checkFunction, checkName, checkOptions, show } = require('./check')
const { toNanoseconds, toTime } = require('./times')
const { TWO_32 } = require('./driver')
const { Outcome, PENDING } = require('./outcome')
const { Task } = require('./task')
const { RUNS } = require('./stages')
const { Timeout } = require('./timeout')
const { TaskGroup } = require('./group')
const { Closable } = require('./closable')

const { RUNNER_ECANCELED, RUNNER_EUSER, RUNNER_HOST_AWAIT } = K

// What a wait gives, to be yielded. `yield *` takes it, too.
class Wait {
  constructor(task) {
    this._task = task // null: it is over
    this._failed = false
    this._value = undefined
  }

  _end(failed, value) {
    this._task = null
    this._failed = failed
    this._value = value
    return this
  }

  * [Symbol.iterator]() {
    return yield this
  }
}

// ---- what functions have to be, and give ----

function isThenable(value) {
  return value !== null && (typeof value === 'object' || typeof value === 'function') && typeof value.then === 'function'
}

function isGenerator(value) {
  return Object.prototype.toString.call(value) === '[object Generator]'
}

const HOW = 'runSync waits for no promise: its functions are generators, `function * (task) {…}`, with `yield` in the place of `await`'

function checkBody(body, name) {
  checkFunction(body, name)
  const kind = Object.prototype.toString.call(body)
  if (kind === '[object AsyncFunction]' || kind === '[object AsyncGeneratorFunction]') {
    throw typeError(`${name} must not be async. ${HOW}`)
  }
  return body
}

function checkSteps(steps, name) {
  if (isGenerator(steps)) return steps
  throw typeError(`${name} must be a generator function, but it gave ${show(steps)}. ${HOW}`)
}

function refuse(value) {
  if (isThenable(value)) return typeError(`a promise cannot be waited for here. ${HOW}`)
  return typeError(`what is yielded must be a wait of the task such as task.sleep(5), a task, a future or a generator, not ${show(value)}`)
}

function canBeYielded(value) {
  return value instanceof Wait || value instanceof Outcome || isGenerator(value)
}

// The result of a body that is a part of a task: what it has to wait for comes first.
function * resultOf(value) {
  if (canBeYielded(value)) return yield value
  if (isThenable(value)) throw refuse(value)
  return value
}

// ---- parts of a task that wait more than once ----

function * around(task, op, ns, body) {
  checkBody(body, 'the body of a timeout')
  const timeout = new Timeout(task, op, ns)
  let status = 0
  let value
  let error
  try {
    value = yield * resultOf(body(timeout))
  } catch (thrown) {
    status = isCancel(thrown) ? RUNNER_ECANCELED : RUNNER_EUSER
    error = thrown
  }
  yield * task._free()
  return timeout._leave(task, status, value, error)
}

function * inGroup(task, body) {
  checkBody(body, 'the body of a group')
  const group = new TaskGroup(task)
  let status = 0
  let value
  let error
  try {
    value = yield * resultOf(body(group))
  } catch (thrown) {
    status = isCancel(thrown) ? RUNNER_ECANCELED : RUNNER_EUSER
    error = thrown
  }
  yield * task._free()
  try {
    yield task._engine.wait(task, K.RUNNER_HOST_GROUP_CLOSE, group._low, group._high, 0, 0, 0, group, status)
  } catch (thrown) {
    if (thrown !== group) throw isCancel(thrown) && status === RUNNER_ECANCELED ? error : thrown
    throw new GroupError(group._errors(error))
  } finally {
    group._release()
  }
  if (status === 0) return value
  if (status === RUNNER_ECANCELED) return undefined // cancelled by the group itself
  throw error
}

// ---- the task ----

class SyncTask extends Task {
  constructor(engine, body, low, high) {
    super(engine, body, low, high)
    this._steps = null
    this._outer = [] // generators that have yielded the one after them
    this._pending = null // the latest wait
    this._yielded = null // what it goes on with
  }

  sleep(ms) {
    toNanoseconds(ms) // throws
    return super.sleep(ms)
  }

  until(awaitable, options) {
    const { timeout } = checkOptions(options)
    const ns = timeout === undefined || timeout === null ? Infinity : toNanoseconds(timeout, 'timeout')
    const engine = this._engine
    if (!(awaitable instanceof Outcome)) {
      if (isThenable(awaitable)) throw refuse(awaitable)
      return engine.resolved(awaitable)
    }
    if (awaitable._engine !== engine) throw errorFor(K.RUNNER_EFOREIGN)
    if (awaitable._state() !== PENDING) return engine.resolved(awaitable.result())
    const { _low: low, _high: high } = awaitable
    if (ns === Infinity) return engine.wait(this, RUNNER_HOST_AWAIT, low, high, 0, 0, 0, awaitable)
    if (!(awaitable instanceof Task)) return this.timeout(timeout, () => this.until(awaitable))
    return engine.wait(this, K.RUNNER_HOST_AWAIT_FOR, low, high, ns >>> 0, (ns / TWO_32) >>> 0, 0, awaitable)
  }

  timeout(ms, body) {
    const ns = ms === null || ms === undefined ? Infinity : ms <= 0 ? toTime(ms, 'ms') : toNanoseconds(ms)
    return around(this, K.RUNNER_HOST_TIMEOUT_OPEN, ns, body)
  }

  timeoutAt(time, body) {
    return around(this, K.RUNNER_HOST_TIMEOUT_OPEN_AT, toTime(time), body)
  }

  group(body) {
    return inGroup(this, body)
  }

  register(close, options) {
    return super.register(checkBody(close, 'close'), options)
  }

  use(resource, options) {
    const key = [Symbol.dispose, 'return'].find((name) => name !== undefined && typeof resource?.[name] === 'function')
    if (key === undefined) {
      throw typeError(`resource must have a method Symbol.dispose, or be an iterator with return, not ${show(resource)}`)
    }
    const { name } = checkOptions(options)
    new Closable(this._engine, () => resource[key](), checkName(name))
    return resource
  }

  // ---- its turns ----

  // A wait that was begun and not yielded is waited for.
  * _free() {
    while (!this._engine.runs(this)) {
      try {
        yield this._pending
      } catch {
        // nobody has asked for it
      }
    }
  }

  // A body that is a part of it.
  _inside(value) {
    return resultOf(value)
  }

  _begin(task) {
    const body = task._body
    task._body = null
    task._stage = RUNS
    try {
      const given = body(task)
      task._steps = task._lent ? resultOf(given) : checkSteps(given, 'the body of a task')
    } catch (error) {
      task._failed(error)
      return
    }
    task._go(false, undefined)
  }

  _resumed(status, value) {
    if (!super._resumed(status, value)) return false
    const wait = this._yielded
    this._yielded = null
    this._engine.running = this
    this._scope.runInAsyncScope(this._go, this, wait._failed, wait._value)
    return false // it has had its turn
  }

  // Goes on until it waits or is over.
  _go(failed, value) {
    for (;;) {
      let step
      try {
        step = failed ? this._steps.throw(value) : this._steps.next(value)
      } catch (error) {
        if (!this._leave()) return this._failed(error)
        failed = true
        value = error
        continue
      }
      if (step.done) {
        if (!this._leave()) return this._returned(step.value)
        failed = false
        value = step.value
        continue
      }
      let wait
      try {
        wait = this._enter(step.value)
      } catch (error) {
        failed = true
        value = error
        continue
      }
      if (wait._task !== null) {
        this._yielded = wait
        return
      }
      failed = wait._failed
      value = wait._value
    }
  }

  // Something was yielded: what is waited for now.
  _enter(value) {
    if (value instanceof Wait) {
      if (value._task === null || value._task === this) return value
      throw new InvalidStateError(K.RUNNER_EPARKED, `it is ${value._task.name} that waits for this, not ${this.name}`)
    }
    if (value instanceof Outcome) return this.until(value)
    if (!isGenerator(value)) throw refuse(value)
    this._outer.push(this._steps)
    this._steps = value
    return new Wait(null)
  }

  // A generator is over: false if it was the outermost.
  _leave() {
    this._steps = this._outer.length > 0 ? this._outer.pop() : null
    return this._steps !== null
  }
}

module.exports = { SyncTask, Wait, checkBody }
