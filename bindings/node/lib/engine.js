'use strict'

// What a Runner stands for: the turns, and what JavaScript knows of tasks, errors and values.

const C = require('./native')
const K = require('./constants')
const { Waits } = require('./waits')
const { Gone } = require('./memory')
const { join, lowOf, highOf } = require('./driver')
const { Task, NOT_BEGUN, RUNS } = require('./task')
const { PENDING } = require('./outcome')
const { checkName, checkOptions, checkSignal } = require('./check')
const { errorFor, cancelledError, RunnerError } = require('./errors')
const { checkContext } = require('./context')
const signals = require('./signals')
const stalls = require('./stalls')
const interrupts = require('./interrupts')
const { reportOf } = require('./report')
const exceptions = require('./exceptions')

const {
  RUNNER_ECANCELED, RUNNER_EUSER, RUNNER_ECLOSED, RUNNER_EABANDONED, RUNNER_EDEADLK,
  RUNNER_HOST_SPAWN, RUNNER_HOST_RELEASE
} = K

class Engine extends Waits {
  constructor(runner, options) {
    super()
    this.runner = runner
    this.options = options
    this.life = { open: false } // what there is to lose, for who outlives it
    this.closing = false
    this.stepped = false // it has a loop of its own
    this.main = null
    this.report = []
    this._started = 0
    this._ended = 0
    this._settle = null // [resolve, reject] of the run or close
    this._stalled = false
  }

  // ---- life ----

  // Makes what the library has of it, at its first use.
  open() {
    if (this.closed) throw errorFor(RUNNER_ECLOSED)
    if (this.core !== null) return
    const kind = this.options.makeLoop()
    const clock = kind === 'test' ? K.RUNNER_CLOCK_VIRTUAL : K.RUNNER_CLOCK_REAL
    const [code, core] = C.runner_new({ ...this.options.core, clock })
    if (code !== 0) throw errorFor(code)
    super.open(core, kind === 'node' ? this.pump : null)
    this.life.open = true
    this.kind = kind
    this.stepped = kind !== 'node'
    this.debug = C.runner_debug(core) === K.RUNNER_ON
  }

  // What the library has for hosts, where only a use makes it.
  prepare() {
    this.command(null, K.RUNNER_HOST_STATUS)
  }

  // Begins a run. The promise of its end.
  run(body, { name, context, signal }) {
    this.open()
    if (this.active) throw this._busy()
    const inside = checkContext(context, this)
    const [code, id] = C.runner_begin(this.core, inside === null ? 0 : join(inside._low, inside._high))
    if (code !== 0) throw errorFor(code)
    const main = this._place(new Task(this, body, lowOf(id), highOf(id), null), name)
    this.main = main
    if (signal !== undefined) signals.follow(main, signal)
    return this._turning()
  }

  // Begins a close. The promise of its code.
  close() {
    if (this.closed) return Promise.resolve()
    if (this.active) throw this._busy()
    if (this.core === null) return Promise.resolve()
    const code = C.runner_begin_close(this.core)
    if (code === RUNNER_ECLOSED) return Promise.resolve() // it was never used
    if (code !== 0) throw errorFor(code)
    this.closing = true
    this.main = null
    return this._turning()
  }

  _busy() {
    return this.closing ? errorFor(K.RUNNER_EBUSY, 'the runner is being closed') : errorFor(K.RUNNER_ELOOP, 'the runner has a run that is not over')
  }

  _turning() {
    this.active = true
    this._stalled = false
    this.hold(true)
    stalls.add(this)
    interrupts.begin(this)
    const held = this._held
    this._held = []
    for (const again of held) again()
    this.kick()
    return new Promise((resolve, reject) => { this._settle = [resolve, reject] })
  }

  // The library has told the end.
  finish() {
    this.flush()
    const code = C.runner_end(this.core)
    this._finished(code)
  }

  _finished(code) {
    this.active = false
    this.running = null
    this._next = this._events = 0
    this._over = false
    stalls.remove(this)
    interrupts.end(this)
    this.hold(false)
    const [resolve, reject] = this._settle
    this._settle = null
    const { main } = this
    this.main = null
    if (this.closing) {
      const error = code === 0 ? null : this._endError(code)
      this._closed()
      if (error === null) resolve()
      else reject(error)
    } else if (main._status !== PENDING && this._codeOf(main) === code) {
      main._taken()
      if (code === 0) resolve(main._value)
      else reject(main._value)
    } else {
      reject(this._endError(code, main))
    }
  }

  _endError(code, main) {
    if (this._stalled || code === RUNNER_EDEADLK) return stalls.error(this, this._waiting)
    if (code === K.RUNNER_EINTR && main !== undefined && main !== null && main._status === RUNNER_ECANCELED) {
      const error = errorFor(code)
      error.cause = main._value
      return error
    }
    return errorFor(code)
  }

  // The code that a run ends with whose main task has ended so.
  _codeOf(main) {
    return main._status === 0 || main._status === RUNNER_ECANCELED ? main._status : RUNNER_EUSER
  }

  _closed() {
    this.report = reportOf(this.core)
    this.closed = true
    this.life.open = false
    this.closing = false
    for (const task of this.tasks) {
      if (task instanceof Task && task._status === PENDING) this._giveUp(task)
    }
    this.tasks = []
    for (const again of this._held) again()
    this._held = []
    this.release()
  }

  // A task is forgotten where it stands: what it waits for never comes.
  _giveUp(task) {
    const error = errorFor(RUNNER_EABANDONED)
    task._resolve = task._reject = task._then = null
    task._stage = NOT_BEGUN
    task._settle(RUNNER_EABANDONED, error)
    task._abortSignal(error)
  }

  // Node would end the process: nothing can happen any more. True if it now goes on.
  stalled() {
    if (!this.active || this._due || this._resting !== null) return false
    this._stalled = true
    this._waiting = stalls.tasksOf(this)
    this.finish()
    return true
  }

  // A turn was refused: not by anything that this did.
  broken(code) {
    if (this.active) this._finished(code)
  }

  // ---- tasks ----

  spawn(parent, body, options, groupLow, groupHigh) {
    const { name, context, signal } = checkOptions(options)
    const checked = checkName(name)
    const followed = checkSignal(signal)
    if (this._started - this._ended >= this.options.maxTasks) {
      throw new RunnerError(K.RUNNER_ENOMEM, `too many tasks: ${this.options.maxTasks} are not done (option maxTasks)`)
    }
    if (this.closed) throw errorFor(RUNNER_ECLOSED)
    const inherits = parent !== null && this.runs(parent) ? parent : null
    const inside = checkContext(context, this)
    const id = this.reserve()
    const low = lowOf(id)
    const high = highOf(id)
    const task = new Task(this, body, low, high, parent)
    if (!this.active) {
      if (groupLow !== 0) throw errorFor(K.RUNNER_ENOLOOP)
      this._held.push(() => this._start(null, low, high, 0, 0, inside))
    } else if (groupLow === 0 && inside === null) {
      this.put(inherits, RUNNER_HOST_SPAWN, 0, low, high, 0, 0, 0)
    } else {
      const code = this._start(inherits, low, high, groupLow, groupHigh, inside)
      if (code < 0) {
        this.put(null, RUNNER_HOST_RELEASE, 0, low, high, 0, 0, 0)
        throw errorFor(code)
      }
    }
    this._place(task, checked)
    if (this.running === null) this.kick()
    if (followed !== undefined) signals.follow(task, followed)
    return task
  }

  _start(parent, low, high, groupLow, groupHigh, context) {
    if (context === null) return this.command(parent, RUNNER_HOST_SPAWN, 0, low, high, groupLow, groupHigh)
    return this.command(parent, RUNNER_HOST_SPAWN, 0, low, high, groupLow, groupHigh, context._low, context._high)
  }

  _place(task, name) {
    task._number = ++this._started
    task._gate = this.gate()
    // The one that had the place before is gone; that is told later in this batch.
    const before = this.tasks[task._low]
    if (before instanceof Gone) this._forgetGone(before)
    this.tasks[task._low] = task
    if (name !== undefined) {
      task._name = name
      this.tellName(task, name)
    }
    if (this.debug) task._site = exceptions.site()
    return task
  }

  tellName(task, name) {
    if (this.closed) return
    this.flush()
    C.runner_host_name(this.core, join(task._low, task._high), name ?? null)
  }

  // The library could not start it.
  notStarted(low, code) {
    const task = this.tasks[low]
    if (task instanceof Task) this.taskOver(task, code, errorFor(code), 0)
  }

  // An event: a task begins. A closing task is new to JavaScript.
  start(low, high, status, slot) {
    let task = this.tasks[low]
    if (!(task instanceof Task)) {
      const closable = this.slots.peek(slot)
      task = new Task(this, closable._body, low, high, null)
      task._lent = true
      task._gate = closable._gate
      task._number = ++this._started
      task._name = closable.name
      this.tasks[low] = task
    }
    task._epoch = this.epoch
    this.running = task
    if (status === 0) {
      if (this.debug) this._began = performance.now()
      task._gate()
      return
    }
    task._body = task._gate = null
    task._finish(status, cancelledError(task._cancelReason, this.debug))
    this.running = null
  }

  // The body of a task is over.
  bodyOver(task, status, value) {
    if (task._status !== PENDING) return // it was given up
    if (!this.active) {
      this._held.push(() => this.bodyOver(task, status, value))
      return
    }
    if (!this.runs(task)) {
      // It waits for something that its body has left alone: it ends when that does.
      task._then = this._chain(task._then, () => this.bodyOver(task, status, value))
      return
    }
    task._finish(status, value)
    this.over(task)
  }

  _chain(first, second) {
    return first === null ? second : () => {
      first()
      second()
    }
  }

  // The library knows that a task is over: so do those who wait.
  taskOver(task, status, value, slot) {
    this._ended++
    task._body = task._gate = null
    const reason = task._reasonSlot
    this.tasks[task._low] = slot !== 0 || reason !== 0 ? new Gone(slot, reason) : undefined
    if (status === RUNNER_EUSER && !task._lent) {
      task._held = true
      this._registry.register(task, join(task._low, task._high), task)
    }
    if (task._signal !== null && status === RUNNER_ECANCELED) task._abortSignal(value)
    task._settle(status, value)
  }

  // An event: a task has ended without JavaScript.
  ended(low, status) {
    const task = this.tasks[low]
    if (!(task instanceof Task)) return
    if (!task._lent) this.put(null, RUNNER_HOST_RELEASE, 0, task._low, task._high, 0, 0, 0)
    if (status === RUNNER_ECANCELED) {
      this.taskOver(task, status, cancelledError(task._cancelReason, this.debug), 0)
    } else {
      this._ended++
      this._giveUp(task)
    }
  }

  // An event: something is gone.
  dropped(low, high, slot) {
    if (low !== 0 || high !== 0) {
      const gone = this.tasks[low]
      if (gone instanceof Gone) this._forgetGone(gone)
      if (!(gone instanceof Task) || gone._high === high) this.tasks[low] = undefined
    }
    if (slot !== 0) this.slots.take(slot)?._dropped?.()
  }

  _forgetGone(gone) {
    this.outdated(gone.failure)
    this.outdated(gone.reason)
  }

  // An event: a callback is due.
  call(slot) {
    const callback = this.slots.take(slot)
    if (callback === undefined) return
    this.running = callback
    callback._open()
  }

  // An event: an error that nobody can be given.
  exception() {
    exceptions.tell(this)
  }

  // The task that has the turn.
  acting() {
    const { running } = this
    return running !== null && running._status === PENDING ? running : null
  }

  // Its turn has ended without a wait: from now on the library counts it as running.
  astray(who) {
    if (who._status === PENDING) this.command(who, K.RUNNER_HOST_STATUS)
  }
}

module.exports = { Engine }
