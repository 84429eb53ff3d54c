'use strict'

const C = require('./native')
const K = require('./constants')

// Runs `make` without a stack being taken, which is most of what an error costs.
function withoutStack(make) {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = limit
  }
}

// The name of a class stands on its prototype, as that of TypeError does.
function named(type) {
  Object.defineProperty(type.prototype, 'name', {
    value: type.name, writable: true, configurable: true, enumerable: false
  })
  return type
}

class RunnerError extends Error {
  constructor(errno, message, options) {
    super(message ?? C.runner_strerror(errno), options)
    this.code = C.runner_error_name(errno)
    this.errno = errno
  }
}

class ClosedError extends RunnerError {}
class RunningError extends RunnerError {}
class BusyError extends RunnerError {}
class InvalidStateError extends RunnerError {}
class ForeignError extends RunnerError {}
class NoTaskError extends RunnerError {}
class AbandonedError extends RunnerError {}
class TimeoutError extends RunnerError {}
class BrokenBarrierError extends RunnerError {}
class QueueEmptyError extends RunnerError {}
class QueueFullError extends RunnerError {}
class QueueShutDownError extends RunnerError {}

class StalledError extends RunnerError {
  constructor(errno, message, tasks = []) {
    super(errno, message)
    this.tasks = tasks
  }
}

// A cancel. It is not a RunnerError: who handles errors of this library does not mean it.
class CancelledError extends Error {
  constructor(reason, message) {
    super(message ?? textOf(reason), reason === undefined ? undefined : { cause: reason })
    this.code = 'RUNNER_ECANCELED'
    this.errno = K.RUNNER_ECANCELED
    this.reason = reason
  }
}

class KeyboardInterrupt extends RunnerError {
  constructor(options) {
    super(K.RUNNER_EINTR, undefined, options)
    this.exitCode = 130
  }
}

class GroupError extends AggregateError {
  constructor(errors) {
    const count = errors.length === 1 ? '1 error' : `${errors.length} errors`
    super(errors, `${count} in a task group: ${errors.map(describe).join(', ')}`)
    this.code = 'RUNNER_EGROUP'
    this.errno = K.RUNNER_EGROUP
  }
}

[RunnerError, ClosedError, RunningError, BusyError, InvalidStateError, ForeignError, NoTaskError,
  AbandonedError, TimeoutError, BrokenBarrierError, QueueEmptyError, QueueFullError,
  QueueShutDownError, StalledError, CancelledError, KeyboardInterrupt, GroupError].forEach(named)

// A text for what was thrown, which may be anything, also something whose getters throw.
function describe(error) {
  try {
    return error instanceof Error ? `${error.message} (${error.name})` : String(error)
  } catch {
    return 'an error that cannot be shown'
  }
}

function textOf(reason) {
  if (typeof reason === 'string') return reason
  try {
    if (reason instanceof Error) return String(reason.message)
  } catch {
    // its message cannot be had
  }
  return CANCELLED
}

const CANCELLED = C.runner_strerror(K.RUNNER_ECANCELED)

const CLASSES = new Map([
  ['ELOOP', RunningError], ['ECLOSED', ClosedError], ['ESHUTDOWN', ClosedError],
  ['EBUSY', BusyError], ['ENOLOOP', NoTaskError], ['ENOTASK', NoTaskError],
  ['ETIMEDOUT', TimeoutError], ['EDEADLK', StalledError], ['EABANDONED', AbandonedError],
  ['EFOREIGN', ForeignError], ['EBROKEN', BrokenBarrierError], ['EFULL', QueueFullError],
  ['EEMPTY', QueueEmptyError], ['EQUEUESHUT', QueueShutDownError],
  ...['EDONE', 'EPENDING', 'ESELF', 'ENOTENTERED', 'EENTERED', 'EFINISHED', 'EABORTING',
    'EEXPIRING', 'EEXPIRED', 'EOWNER', 'ENOTLOCKED', 'ERELEASED', 'ETASKDONE']
    .map((name) => [name, InvalidStateError])
].map(([name, type]) => [K[`RUNNER_${name}`], type]))

// The error that a code of the library stands for.
function errorFor(errno, message) {
  if (errno === K.RUNNER_ECANCELED) return withoutStack(() => new CancelledError(undefined, message))
  if (errno === K.RUNNER_EINTR) return new KeyboardInterrupt()
  const type = CLASSES.get(errno) ?? RunnerError
  return new type(errno, message)
}

// A CancelledError, which somebody waits for: they know where. Only debug mode takes its stack.
function cancelledError(reason, debug) {
  return debug ? new CancelledError(reason) : withoutStack(() => new CancelledError(reason))
}

// Whether it is one, of whatever it may be: a proxy may throw.
function isCancelled(error) {
  try {
    return error instanceof CancelledError
  } catch {
    return false
  }
}

// Whether it comes from a cancel: of the runner, or of what was given `task.signal`.
function isCancel(error) {
  try {
    return error instanceof CancelledError ||
      (error instanceof Error && error.name === 'AbortError' &&
        error.cause instanceof CancelledError)
  } catch {
    return false
  }
}

function typeError(message) {
  const error = new TypeError(message)
  error.code = 'ERR_INVALID_ARG_TYPE'
  return error
}

function rangeError(message) {
  const error = new RangeError(message)
  error.code = 'ERR_OUT_OF_RANGE'
  return error
}

module.exports = {
  RunnerError, ClosedError, RunningError, BusyError, InvalidStateError, ForeignError, NoTaskError,
  AbandonedError, StalledError, TimeoutError, BrokenBarrierError, QueueEmptyError, QueueFullError,
  QueueShutDownError, CancelledError, KeyboardInterrupt, GroupError,
  errorFor, cancelledError, isCancel, isCancelled, typeError, rangeError
}
