'use strict'

// The options of a runner, checked.

const K = require('./constants')
const { checkFunction, checkOptions, checkBoolean, checkInteger, show } = require('./check')
const { typeError, rangeError } = require('./errors')

const KNOWN = ['debug', 'loopFactory', 'signals', 'cancelGrace', 'closableGrace', 'slowCallback',
  'pollInterval', 'maxTasks', 'deadlock', 'exceptionHandler']

// What a loop factory gives.
class LoopKind {
  constructor(kind) {
    this.kind = kind
    Object.freeze(this)
  }
}

const NODE_LOOP = new LoopKind('node')
const TEST_LOOP = new LoopKind('test')

function nodeLoop() {
  return NODE_LOOP
}

function testLoop() {
  return TEST_LOOP
}

function toSwitch(value, name) {
  if (value === undefined || value === null) return K.RUNNER_DEFAULT
  return checkBoolean(value, name) ? K.RUNNER_ON : K.RUNNER_OFF
}

// In C these are whole milliseconds, and 0 is the default: without limit.
function toGrace(value, name) {
  if (value === undefined || value === null) return K.RUNNER_FOREVER
  if (typeof value !== 'number') throw typeError(`${name} must be a number of milliseconds, not ${show(value)}`)
  if (!(value >= 0)) throw rangeError(`${name} must be a time in milliseconds that is not negative, not ${value}`)
  if (value > 1e15) return K.RUNNER_FOREVER
  return value === 0 ? K.RUNNER_NO_WAIT : Math.ceil(value)
}

class Options {
  constructor(given) {
    const options = checkOptions(given)
    for (const name of Object.keys(options)) {
      if (!KNOWN.includes(name)) throw typeError(`unknown option: ${name}`)
    }
    const { loopFactory, signals = true, maxTasks = Infinity, exceptionHandler, pollInterval, slowCallback = 100 } = options
    this.loopFactory = loopFactory === undefined ? nodeLoop : checkFunction(loopFactory, 'loopFactory')
    this.signals = checkBoolean(signals, 'signals')
    this.maxTasks = maxTasks === Infinity ? Infinity : checkInteger(maxTasks, 'maxTasks', 1)
    this.exceptionHandler = exceptionHandler === undefined ? null : checkFunction(exceptionHandler, 'exceptionHandler')
    this.core = {
      debug: toSwitch(options.debug, 'debug'),
      deadlock: toSwitch(options.deadlock, 'deadlock'),
      cancel_grace_ms: toGrace(options.cancelGrace, 'cancelGrace'),
      closable_grace_ms: toGrace(options.closableGrace, 'closableGrace'),
      slow_callback_ms: toGrace(slowCallback, 'slowCallback')
    }
    if (pollInterval !== undefined) this.core.poll_interval = checkInteger(pollInterval, 'pollInterval', 1, 2 ** 31 - 1)
  }

  // Which loop it is. What the factory throws, and what is none, leaves the runner as it was.
  makeLoop() {
    const made = this.loopFactory()
    if (made instanceof LoopKind) return made.kind
    throw typeError(`loopFactory must return nodeLoop() or testLoop(), not ${show(made)}`)
  }
}

module.exports = { Options, nodeLoop, testLoop }
