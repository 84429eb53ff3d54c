'use strict'

// What is closed when its runner is, each by a task of its own.

const { AsyncResource } = require('node:async_hooks')
const K = require('./constants')
const C = require('./native')
const { errorFor, typeError } = require('./errors')
const { checkFunction, checkName, checkOptions, show } = require('./check')
const { join } = require('./driver')
const { Task } = require('./task')

class Closable {
  constructor(engine, body, name) {
    this._engine = engine
    this._body = body
    this.name = name
    this._scope = new AsyncResource('LIBRUNNER_TASK')
    const slot = engine.slots.keep(this)
    const code = engine.command(null, K.RUNNER_HOST_CLOSABLE_REGISTER, 0, 0, 0, 0, 0, slot)
    if (code < 0) {
      engine.slots.take(slot)
      throw errorFor(code)
    }
    this._low = engine.idLow
    this._high = engine.idHigh
    if (name !== undefined) C.runner_host_name(engine.core, join(this._low, this._high), name)
    if (engine.closing) engine.exception() // it may be too late for it, which is told before all else
  }

  // Takes it back: it will not be closed.
  unregister() {
    const engine = this._engine
    if (engine === null || engine.closed) return false
    const code = engine.command(null, K.RUNNER_HOST_CLOSABLE_UNREGISTER, 0, this._low, this._high)
    engine.settled()
    if (code === 0) return true
    if (code === K.RUNNER_EDONE || code === K.RUNNER_ECLOSED || code === K.RUNNER_EBADID) return false
    throw errorFor(code)
  }

  get [Symbol.toStringTag]() {
    return 'Closable'
  }

  // It is closed, or was taken back.
  _dropped() {
    const engine = this._engine
    this._engine = null
    this._body = this._scope = null
    engine.put(null, K.RUNNER_HOST_RELEASE, 0, this._low, this._high, 0, 0, 0)
  }
}

Task.prototype.register = function register(close, options) {
  checkFunction(close, 'close')
  const { name } = checkOptions(options)
  return new Closable(this._engine, close, checkName(name))
}

// How a resource is closed, or undefined.
function closerOf(resource) {
  if (resource === null || (typeof resource !== 'object' && typeof resource !== 'function')) return undefined
  for (const key of [Symbol.asyncDispose, Symbol.dispose, 'return']) {
    if (key !== undefined && typeof resource[key] === 'function') return () => resource[key]()
  }
  return undefined
}

Task.prototype.use = function use(resource, options) {
  const close = closerOf(resource)
  if (close === undefined) {
    throw typeError(`resource must be disposable, or an iterator with a method return, not ${show(resource)}`)
  }
  const { name } = checkOptions(options)
  new Closable(this._engine, async () => { await close() }, checkName(name))
  return resource
}

module.exports = { Closable }
