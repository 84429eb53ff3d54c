'use strict'

// What is said to the library, in memory that both see, and what it answers. runner/host.h tells what
// commands and events are, src/driver.c what is called here.

const C = require('./native')
const K = require('./constants')
const { errorFor } = require('./errors')

// Places in the arrays, in units of 32 bits. A number of 64 bits is two of these.
const [LOW, HIGH] = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? [0, 1] : [1, 0]
const COMMAND = 10
const TASK = 0
const OP = 2
const STATUS = 3
const ID = 4
const A = 6
const B = 8
const EVENT = 6
const KIND = 2
const VALUE = 4

const TWO_32 = 4294967296
const FOREVER_LOW = 0xffffffff
const FOREVER_HIGH = 0x7fffffff
const { RUNNER_EPARKED, RUNNER_ECLOSED, RUNNER_HOST_SPAWN } = K

// An id or another number of 64 bits, as the generated functions take it.
function join(low, high) {
  return high < 0x200000 ? high * TWO_32 + low : (BigInt(high) << 32n) | BigInt(low)
}

function highOf(number) {
  return typeof number === 'bigint' ? Number(number >> 32n) : Math.floor(number / TWO_32)
}

function lowOf(number) {
  return typeof number === 'bigint' ? Number(number & 0xffffffffn) : number >>> 0
}

class Driver {
  constructor() {
    this.core = null // the generated module's handle
    this._driver = null
    this._commands = null
    this._statuses = null
    this._state = null
    this._most = 0
    this._count = 0 // commands that were not given yet
    this._at = 0 // where the last one stands
    this.events = null
    this.eventStatuses = null
    this._give = this._turn = null
    this.ids = null
    this._reserved = 0 // of the ids, from the first on
  }

  // wake: called when a turn is wanted; null for a runner with a loop of its own.
  open(core, wake) {
    const driver = C.driver_new(core, wake)
    if (typeof driver === 'number') {
      C.runner_free(core)
      throw errorFor(driver)
    }
    this.core = core
    this._driver = driver
    this._commands = new Uint32Array(driver.commands)
    this._statuses = new Int32Array(driver.commands)
    this._most = this._commands.length / COMMAND
    this.events = new Uint32Array(driver.events)
    this.eventStatuses = new Int32Array(driver.events)
    this._state = new Float64Array(driver.state)
    this.ids = new Uint32Array(driver.ids)
    this._give = driver.give
    this._turn = wake === null ? driver.step : driver.take
  }

  // While a run or a close is under way, the library refers to JavaScript.
  hold(on) {
    this._driver.hold(on ? 1 : 0)
  }

  interruptible(on) {
    return this._driver.interrupt(on ? 1 : 0)
  }

  // Nothing can be said any more.
  release() {
    if (this._driver !== null) this._driver.free()
    this._driver = this.core = this._give = this._turn = null
    this._count = this._most = this._reserved = 0
  }

  // ---- commands ----

  // In whose name a command is given that is of no task: of who has the turn. So the library knows that what
  // it has told that one was read.
  acting() {
    return null
  }

  // Keeps a command for the next turn: one that parks, starts or ends its own task, or releases something.
  put(task, op, status, idLow, idHigh, aLow, aHigh, b, bHigh = 0) {
    if (this._count === this._most) {
      if (this._most === 0) return
      this.flush()
    }
    const at = this._count++ * COMMAND
    const commands = this._commands
    task ??= this.acting()
    if (task === null) {
      commands[at + TASK] = 0
      commands[at + TASK + 1] = 0
    } else {
      commands[at + TASK + LOW] = task._low
      commands[at + TASK + HIGH] = task._high
    }
    commands[at + OP] = op
    this._statuses[at + STATUS] = status
    commands[at + ID + LOW] = idLow
    commands[at + ID + HIGH] = idHigh
    commands[at + A + LOW] = aLow
    commands[at + A + HIGH] = aHigh
    commands[at + B + LOW] = b
    commands[at + B + HIGH] = bHigh
    this._at = at
  }

  // Does a command now, after what was kept: its status. What it leaves is read by the getters below.
  command(task, op, status = 0, idLow = 0, idHigh = 0, aLow = 0, aHigh = 0, b = 0, bHigh = 0) {
    this.put(task, op, status, idLow, idHigh, aLow, aHigh, b, bHigh)
    if (this._most === 0) return RUNNER_ECLOSED
    const at = this._at
    const code = this.flush()
    return code === 0 ? this._statuses[at + STATUS] : code
  }

  // The same of one that takes nothing but an object; it throws if that is refused.
  must(op, idLow = 0, idHigh = 0, aLow = 0, aHigh = 0, b = 0) {
    const status = this.command(null, op, 0, idLow, idHigh, aLow, aHigh, b)
    if (status < 0) throw errorFor(status)
  }

  get idLow() {
    return this._commands[this._at + ID + LOW]
  }

  get idHigh() {
    return this._commands[this._at + ID + HIGH]
  }

  get a() {
    const high = this._commands[this._at + A + HIGH] | 0
    return high * TWO_32 + this._commands[this._at + A + LOW]
  }

  get b() {
    return this._commands[this._at + B + LOW]
  }

  get bHigh() {
    return this._commands[this._at + B + HIGH]
  }

  flush() {
    const count = this._count
    if (count === 0) return 0
    this._count = 0
    const code = this._give(count)
    if (this._state[0] > 0 && code === 0) this._refused(count)
    return code
  }

  // Takes a turn: how many events there are, or a code.
  take() {
    const count = this._count
    this._count = 0
    const events = this._turn(count)
    if (count > 0 && this._state[0] > 0 && events >= 0) this._refused(count)
    return events
  }

  // How long nothing is due, in nanoseconds, of a runner with a loop of its own.
  get idle() {
    return this._state[1]
  }

  // Of these commands some were refused: tasks that could not be started end.
  _refused(count) {
    for (let at = 0; at < count * COMMAND; at += COMMAND) {
      const status = this._statuses[at + STATUS]
      if (status < 0 && status !== RUNNER_EPARKED && this._commands[at + OP] === RUNNER_HOST_SPAWN) {
        this.notStarted(this._commands[at + ID + LOW], status)
      }
    }
  }

  // Where an id stands in `ids` for an object that a command will make.
  reserve() {
    if (this._reserved === 0) {
      const count = this._driver.reserve()
      if (count < 0) throw errorFor(count)
      this._reserved = count
    }
    return --this._reserved * 2
  }
}

module.exports = {
  Driver, join, highOf, lowOf, LOW, HIGH, EVENT, TASK, KIND, STATUS, VALUE, TWO_32, FOREVER_LOW,
  FOREVER_HIGH
}
