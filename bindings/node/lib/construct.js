'use strict'

// What Event, Lock and their like have in common: something of one runner, which the library knows by its id.

const K = require('./constants')
const { errorFor } = require('./errors')
const { engineOf, taskOf } = require('./owner')
const { isSync } = require('./steps')

// What is given in the place of a wait that cannot be: runSync has no promises.
function refused(construct, task, error) {
  if (isSync(task) || isSync(construct)) throw error
  return Promise.reject(error)
}

class Construct {
  // Makes it by a command. It is released when this object is collected.
  constructor(of, op, aLow = 0, aHigh = 0, b = 0) {
    const engine = engineOf(of)
    engine.must(op, 0, 0, aLow, aHigh, b)
    this._engine = engine
    this._low = engine.idLow
    this._high = engine.idHigh
    engine.watch(this, this._low, this._high)
  }

  // Does a command that never waits.
  _tell(op, aLow = 0, aHigh = 0) {
    const engine = this._engine
    engine.must(op, this._low, this._high, aLow, aHigh)
    engine.settled()
  }

  // The engine, which has what a command has found.
  _look(op) {
    const engine = this._engine
    engine.must(op, this._low, this._high)
    return engine
  }

  // Waits as a task. on: what makes the value of the wait, or null.
  _wait(task, op, on = null, aLow = 0, aHigh = 0, b = 0) {
    const engine = this._engine
    try {
      if (taskOf(task)._engine !== engine) throw errorFor(K.RUNNER_EFOREIGN)
    } catch (error) {
      return refused(this, task, error)
    }
    return engine.wait(task, op, this._low, this._high, aLow, aHigh, b, on)
  }
}

module.exports = { Construct, refused }
