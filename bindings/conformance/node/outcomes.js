'use strict'

const {
  AbandonedError, CancelledError, GroupError, KeyboardInterrupt, RunnerError, StalledError, TimeoutError
} = require('librunner')

// An error of the language: its name is its message.
class Failure extends Error {}

// The codes of what asyncio refuses with RuntimeError.
const REFUSED = ['RUNNER_ESELF', 'RUNNER_EABORTING', 'RUNNER_EFINISHED']

const isRefused = (error) => error instanceof RunnerError && REFUSED.includes(error.code)

// Which handler of try takes an error. There is none for an error that the language does not have.
function kindOf(error) {
  if (error instanceof Failure || isRefused(error)) return 'error'
  if (error instanceof GroupError) return 'group'
  if (error instanceof CancelledError) return 'cancelled'
  if (error instanceof TimeoutError) return 'timeout'
  return undefined
}

// What comes out of tasks, runs, gathered futures, in the words of the trace.

const ofValue = (value) => `value ${value}`

function ofError(error) {
  switch (kindOf(error)) {
    case 'error': return `error ${error instanceof Failure ? error.message : 'RuntimeError'}`
    case 'group': return `group [${error.errors.map(ofError).sort().join(', ')}]`
    case 'cancelled': return 'cancelled'
    case 'timeout': return 'timeout'
  }
  if (error instanceof StalledError) return 'deadlock'
  if (error instanceof AbandonedError) return 'pending'
  if (error instanceof KeyboardInterrupt) return 'interrupted'
  return `error ${String(error?.stack ?? error).split('\n', 2).join(' ')}`
}

// Of an item of gather: a value or an error.
const ofItem = (item) => item instanceof Error ? ofError(item) : ofValue(item)

// Of a task or future.
function ofAwaitable(awaitable) {
  if (!awaitable.done) return 'pending'
  try {
    return ofValue(awaitable.result())
  } catch (error) {
    return ofError(error)
  }
}

module.exports = { Failure, kindOf, ofAwaitable, ofError, ofItem, ofValue }
