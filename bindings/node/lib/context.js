'use strict'

// Variables in the contexts of the library, as Python's contextvars: a task has a copy of those of its
// spawner, and a runner keeps one for its main tasks.

const K = require('./constants')
const { errorFor, typeError } = require('./errors')
const { checkName, checkOptions, show } = require('./check')
const { engineOf, taskOf } = require('./owner')
const { RUNS } = require('./stages')

class Context {
  constructor(of) {
    make(this, engineOf(of), null, K.RUNNER_HOST_CONTEXT_NEW)
  }

  static copy(task) {
    const engine = taskOf(task)._engine
    return make(Object.create(Context.prototype), engine, running(task), K.RUNNER_HOST_CONTEXT_COPY)
  }

  get [Symbol.toStringTag]() {
    return 'Context'
  }
}

function make(context, engine, task, op) {
  const code = engine.command(task, op)
  if (code < 0) throw errorFor(code)
  context._engine = engine
  context._low = engine.idLow
  context._high = engine.idHigh
  engine.watch(context, context._low, context._high)
  return context
}

function checkContext(context, engine) {
  if (context === undefined || context === null) return null
  if (!(context instanceof Context)) throw typeError(`context must be a Context, not ${show(context)}`)
  if (context._engine !== engine) throw errorFor(K.RUNNER_EFOREIGN)
  return context
}

// A value of a variable: the library tells when no context has it any more.
class Value {
  constructor(value) {
    this.value = value
  }

  _dropped() {}
}

class ContextVar {
  constructor(name, options) {
    if (typeof name !== 'string') throw typeError(`name must be a string, not ${show(name)}`)
    this._name = checkName(name)
    const given = checkOptions(options)
    this._hasDefault = 'default' in given
    this._default = given.default
    this._places = new WeakMap() // by engine: where the library has it
  }

  get name() {
    return this._name
  }

  set(task, value) {
    const { engine, place } = this._placeOf(task)
    const slot = engine.slots.keep(new Value(value))
    const code = engine.command(running(task), K.RUNNER_HOST_VAR_SET, 0, place.low, place.high, 0, 0, slot)
    if (code < 0) {
      engine.slots.take(slot)
      throw errorFor(code)
    }
  }

  has(task) {
    return this._look(task) !== undefined
  }

  get(task, ...fallback) {
    const found = this._look(task)
    if (found !== undefined) return found.value
    if (fallback.length > 0) return fallback[0]
    if (this._hasDefault) return this._default
    throw errorFor(K.RUNNER_EPENDING, `the variable ${this._name} is not set`)
  }

  get [Symbol.toStringTag]() {
    return 'ContextVar'
  }

  _look(task) {
    const { engine, place } = this._placeOf(task)
    const code = engine.command(running(task), K.RUNNER_HOST_VAR_GET, 0, place.low, place.high)
    if (code === K.RUNNER_EPENDING) return undefined
    if (code < 0) throw errorFor(code)
    return engine.slots.peek(engine.b)
  }

  _placeOf(of) {
    const engine = engineOf(of, 'task')
    let place = this._places.get(engine)
    if (place === undefined) {
      engine.must(K.RUNNER_HOST_VAR_NEW)
      place = { low: engine.idLow, high: engine.idHigh }
      this._places.set(engine, place)
      engine.watch(this, place.low, place.high)
    }
    return { engine, place }
  }
}

// In whose context it is: that of a task that runs, else what is done on behalf of nobody.
function running(of) {
  return of._stage === RUNS ? of : null
}

module.exports = { Context, ContextVar, checkContext }
