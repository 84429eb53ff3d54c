'use strict'

// Errors that nobody can be given: a task has failed and nobody has asked for it, a callback or a closable
// has failed, a step took too long.

const path = require('node:path')
const C = require('./native')
const { errorFor } = require('./errors')
const { lowOf } = require('./driver')

const INSIDE = path.dirname(__filename) + path.sep

// Where the program is now: the first line of its own on the stack.
function site() {
  const lines = String(new Error().stack).split('\n').slice(1)
  const line = lines.find((at) => !at.includes(INSIDE) && !at.includes('node:internal'))
  return line?.trim().replace(/^at /, '')
}

// What C has to tell, in the order of its events. It is forgotten with the next turn.
function tell(engine) {
  const [code, told] = C.runner_host_exception(engine.core)
  if (code !== 0) return
  const [message, name, where, id, value, ns, status] = told
  const task = id === 0 ? undefined : engine.tasks[lowOf(id)]
  const slot = lowOf(value)
  const error = slot !== 0 ? engine.slots.peek(slot) : status === 0 ? undefined : errorFor(status)
  if (id === 0) engine.outdated(slot) // of a future that is gone
  const known = task !== undefined && typeof task.uncancel === 'function' ? task : undefined
  handOver(engine, {
    message,
    error,
    task: known,
    name: known?.name ?? name ?? undefined,
    site: task?._site ?? where ?? undefined,
    duration: ns === 0 ? undefined : Number(ns) / 1e6,
    code: status === 0 || slot !== 0 ? undefined : C.runner_error_name(status)
  })
}

function callbackFailed(engine, error) {
  handOver(engine, { message: 'Exception in callback', error })
}

function handOver(engine, context) {
  const handler = engine.options.exceptionHandler
  if (handler === null) {
    warn(context)
    return
  }
  try {
    handler(context)
  } catch (error) {
    warn(context)
    warn({ message: 'Unhandled error in exception handler', error })
  }
}

// As Node tells of what may go unnoticed.
function warn({ message, error, name, site: where, duration }) {
  const facts = [name, duration === undefined ? undefined : `${duration.toFixed(1)} ms`,
    where === undefined ? undefined : `spawned at ${where}`].filter((fact) => fact !== undefined)
  const text = facts.length > 0 ? `${message} (${facts.join(', ')})` : message
  process.emitWarning(text, { type: 'RunnerWarning', detail: error === undefined ? undefined : show(error) })
}

function show(error) {
  try {
    return String(error instanceof Error ? error.stack : error)
  } catch {
    return 'an error that cannot be shown'
  }
}

module.exports = { site, tell, callbackFailed }
