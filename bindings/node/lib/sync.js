'use strict'

// A run that blocks, for programs without promises: its tasks are generators, its loop is its own. Nothing of
// Node happens meanwhile.

const { isMainThread } = require('node:worker_threads')
const C = require('./native')
const K = require('./constants')
const { Engine } = require('./engine')
const { Options } = require('./options')
const { SyncTask, Wait, checkBody } = require('./synctask')
const { split } = require('./runner')
const { errorFor, typeError } = require('./errors')
const { checkName, checkOptions, checkSignal } = require('./check')
const { WAITS } = require('./stages')
const { EVENT } = require('./driver')

// How many nanoseconds it is in C at most. A Worker is terminated only while it is in JavaScript.
const LONGEST = isMainThread ? 3600e9 : 50e6

const OWN = () => null

class SyncOptions extends Options {
  constructor(given) {
    const { loopFactory = OWN, ...others } = checkOptions(given)
    super({ ...others, loopFactory })
  }

  makeLoop() {
    if (this.loopFactory === OWN) return 'sync'
    const kind = super.makeLoop()
    if (kind !== 'node') return kind
    throw typeError('loopFactory must return testLoop(), or be left out: Node\'s loop stands still while runSync blocks')
  }
}

// It turns its own loop. What its waits give is no promise, but has to be yielded.
class SyncEngine extends Engine {
  constructor(options) {
    super(null, options)
    this.sync = true
  }

  newTask(body, low, high) {
    return new SyncTask(this, body, low, high)
  }

  spawn(parent, body, options, groupLow, groupHigh) {
    return super.spawn(parent, checkBody(body, 'the body of a task'), options, groupLow, groupHigh)
  }

  // Nobody waits by `await`.
  readerOf() {
    return null
  }

  park(task, on) {
    const wait = new Wait(task)
    task._resolve = (value) => wait._end(false, value)
    task._reject = (error) => wait._end(true, error)
    task._on = on
    task._stage = WAITS
    task._pending = wait
    if (this.running === task) this.running = null
    return wait
  }

  resolved(value) {
    return new Wait(null)._end(false, value)
  }

  wait(task, ...what) {
    this.whenRuns(task)
    return super.wait(task, ...what)
  }

  waitSeveral(task, ...what) {
    this.whenRuns(task)
    return super.waitSeveral(task, ...what)
  }

  // It does so now, or never.
  whenRuns(task) {
    if (this.closed) throw errorFor(K.RUNNER_ECLOSED)
    if (!this.runs(task)) throw this._refusal(task)
  }

  // What is done is looked at by the loop below, which nothing else needs to wake.
  kick() {}

  _atOnce(task, on, code, value) {
    if (code === 0) return this.resolved(on === null ? undefined : on._waited(0, value))
    if (code === K.RUNNER_ECANCELED) task._wasTold()
    throw this.errorOf(task, on, code, value)
  }

  _pump() {
    while (this.active) {
      if (this._next < this._events) {
        this._serve(this._next++ * EVENT)
        this._noticeGone()
      } else if (this._over) {
        this._over = false
        this.finish()
      } else if (!this._more()) {
        break
      }
    }
  }

  // Runs, or closes, until it is over: the value or the error.
  _turning() {
    super._turning()
    let value
    let thrown = null
    this._settle = [(given) => { value = given }, (error) => { thrown = [error] }]
    while (this.active) {
      this.pump(false)
      if (this.active) C.runner_backend_wait(this.core, Math.min(this.idle, LONGEST))
    }
    if (thrown !== null) throw thrown[0]
    return value
  }
}

let current = null

function runSync(body, options) {
  checkBody(body, 'the main function')
  const [ofRunner, { name, context, signal }] = split(options)
  const ofRun = { name: checkName(name), context, signal: checkSignal(signal) }
  if (current !== null) throw errorFor(K.RUNNER_ELOOP, 'runSync is called inside of runSync: the tasks there would stand still')
  const engine = new SyncEngine(new SyncOptions(ofRunner))
  current = engine
  try {
    return closing(engine, () => engine.run(body, ofRun))
  } finally {
    current = null
  }
}

// What the main task has ended with goes before what the close says.
function closing(engine, run) {
  let value
  try {
    value = run()
  } catch (error) {
    try {
      engine.close()
    } catch {
      // it is about what the main task has left
    }
    throw error
  }
  engine.close()
  return value
}

module.exports = { runSync }
