'use strict'

// What a Runner stands for: the turns, and what JavaScript knows of tasks, errors and values.

const { AsyncResource } = require('node:async_hooks')
const C = require('./native')
const K = require('./constants')
const { Waits } = require('./waits')
const { Gone } = require('./memory')
const { Slots } = require('./slots')
const { join, lowOf, highOf, LOW, HIGH } = require('./driver')
const { Loop } = require('./loop')
const { Task } = require('./task')
const { RUNS, OVER } = require('./stages')
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
    this.loop = new Loop(this)
    this.options = options
    this.life = { open: false } // what there is to lose, for who outlives it
    this.closing = false
    this.stepped = false // it has a loop of its own
    this.main = null
    this._report = null // once it is closed
    this._started = 0
    this._ended = 0
    this._unstarted = [] // tasks that were spawned since the last run
    this._settle = null // [resolve, reject] of the run or close
    this._stalled = false
    this._waiting = undefined // the tasks of a stall, as they were before its end
    this.watchers = 0 // promises that follow tasks and futures, and are no waits
    this._astray = new Set() // tasks
    this._loose = new Set() // those of them that a virtual clock does not wait for
    this._holds = false
    this._suspected = -1 // the epoch in which it may have been a stall
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
    super.open(core, kind === 'node' ? this.wake : null)
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
    const main = this._place(this.newTask(body, lowOf(id), highOf(id)), name)
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
    this._waiting = undefined
    this._suspected = -1
    this.hold(true)
    stalls.add(this)
    interrupts.begin(this)
    this._goOn()
    this.kick()
    return new Promise((resolve, reject) => { this._settle = [resolve, reject] })
  }

  // What was asked for since the last run.
  _goOn() {
    const { _unstarted: unstarted, _held: held } = this
    this._unstarted = []
    this._held = []
    for (const [task, context] of unstarted) {
      if (this.closing) this._neverStarts(task)
      else this._start(null, task._low, task._high, 0, 0, context)
    }
    for (const again of held) again()
  }

  // Whether it was one that the library does not know yet: it is cancelled, then.
  dropUnstarted(task) {
    if (this._unstarted.length === 0) return false
    const index = this._unstarted.findIndex(([one]) => one === task)
    if (index < 0) return false
    this._unstarted.splice(index, 1)
    this._neverStarts(task)
    this.settled()
    return true
  }

  _neverStarts(task) {
    this.put(null, RUNNER_HOST_RELEASE, 0, task._low, task._high, 0, 0, 0)
    this.taskOver(task, RUNNER_ECANCELED, cancelledError(task._cancelReason, this.debug), 0)
  }

  // The library has told the end.
  finish() {
    this.flush()
    const code = C.runner_end(this.core)
    this._finished(code)
  }

  _finished(code) {
    // The end is told last. What is left has its events in the next run.
    if (this.closing || this._started === this._ended) this.rested()
    this.active = false
    this.running = null
    if (this._holds) this._hold(false)
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
    this._report = reportOf(this.core)
    this.closed = true
    this.life.open = false
    this.closing = false
    for (const task of this.tasks) {
      if (task instanceof Task && task._status === PENDING) this._giveUp(task)
    }
    this.tasks = []
    for (const again of this._held) again()
    this._held = []
    this.slots = new Slots() // items of queues would stay as long as anybody has the runner
    this.release()
  }

  // A task is forgotten where it stands: what it waits for never comes.
  _giveUp(task) {
    const error = errorFor(RUNNER_EABANDONED)
    task._resolve = task._reject = null
    if (task._then !== null) task._then = null
    task._stage = OVER
    task._settle(RUNNER_EABANDONED, error)
    task._followed?.remove(task)
    task._abortSignal(error)
  }

  // What the close has found; before it, the latest deadlock.
  get report() {
    return this._report ?? (this.core === null || this.active ? [] : reportOf(this.core))
  }

  // Node would end the process: nothing can happen any more. True if it now goes on.
  stalled() {
    if (!this.active || this._due || this._draining || this._resting !== null) return false
    // A listener of the program may have something to do: it is a stall if nothing was done until the next one.
    if (this._suspected !== this.epoch) {
      this._suspected = this.epoch
      return true
    }
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
    // A parent that waits leaves it to who acts for it: a callback, somebody outside.
    const inherits = parent !== null && parent._stage === RUNS ? parent : null
    const inside = checkContext(context, this)
    const at = this.reserve()
    const low = this.ids[at + LOW]
    const high = this.ids[at + HIGH]
    const task = this.newTask(body, low, high)
    if (!this.active) {
      if (groupLow !== 0) throw errorFor(K.RUNNER_ENOLOOP)
      this._unstarted.push([task, inside])
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

  newTask(body, low, high) {
    return new Task(this, body, low, high)
  }

  _place(task, name) {
    task._number = ++this._started
    task._scope = new AsyncResource('LIBRUNNER_TASK')
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
      task = this.newTask(closable._body, low, high)
      task._lent = true
      task._scope = closable._scope
      task._number = ++this._started
      task._name = closable.name
      this.tasks[low] = task
    }
    task._epoch = this.epoch
    if (status === 0) {
      if (this.debug) this._began = performance.now()
      this.begin(task)
      return
    }
    this.running = task
    task._body = task._scope = null
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
    task._body = task._scope = null
    task._stage = OVER
    if (this._astray.size > 0) this._astray.delete(task)
    const reason = task._reasonSlot
    this.tasks[task._low] = slot !== 0 || reason !== 0 ? new Gone(slot, reason, task._site) : undefined
    if (status === RUNNER_EUSER && !task._lent) {
      task._held = true
      this._registry.register(task, join(task._low, task._high), task)
    }
    if (task._signal !== null && status === RUNNER_ECANCELED) task._abortSignal(value)
    task._followed?.remove(task)
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
    if (this.debug) this._began = performance.now()
    this.begin(callback)
  }

  // An event: an error that nobody can be given.
  exception() {
    exceptions.tell(this)
  }

  // The task that has the turn.
  acting() {
    const { running } = this
    return running !== null && running._status === PENDING && running._stage !== OVER ? running : null
  }

  // Its turn has ended without a wait: from now on the library counts it as running.
  astray(who) {
    if (who._status !== PENDING) return
    this.command(who, K.RUNNER_HOST_ASTRAY)
    this._astray.add(who)
    this._loose.delete(who)
  }

  // A task that was astray calls something of its own: its code runs at this moment, so it has the turn.
  back(task) {
    if (!this.active || this._pumping || task._status !== PENDING) return
    this._astray.delete(task)
    this._loose.delete(task)
    this.running = task
    this.granted()
  }

  // Nothing is ready. A virtual clock waits for tasks that are astray; but while somebody looks on at a task of
  // this runner by a promise, it may be that one that they wait for. Whether there may be something now.
  letTimeGo() {
    if (this._astray.size === 0) this._loose.clear()
    const goes = this._astray.size > 0 && this.watchers > 0
    if (goes !== this._holds) this._hold(goes)
    let changed = false
    for (const task of this._astray) {
      if (this._loose.has(task) === goes) continue
      changed = goes
      this.command(task, K.RUNNER_HOST_ASTRAY, 0, 0, 0, 0, 0, goes ? 1 : 0)
      if (goes) this._loose.add(task)
      else this._loose.delete(task)
    }
    return changed
  }

  // Promises that follow tasks and futures, and are no waits, have come or gone.
  watching(change) {
    this.watchers += change
    if (this.stepped) this.kick()
  }

  // As long as they may wait for something else as well, it is no deadlock.
  _hold(on) {
    this._holds = on
    if (on) C.runner_submitter_acquire(this.core)
    else C.runner_submitter_release(this.core)
  }
}

module.exports = { Engine }
