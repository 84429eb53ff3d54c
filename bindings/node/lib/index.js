'use strict'

const errors = require('./errors')
const { Task } = require('./task')
const { TaskGroup } = require('./group')
const { Timeout } = require('./timeout')
const { Future } = require('./future')
const { Loop, Timer } = require('./loop')
const { Closable } = require('./closable')
const { Context, ContextVar } = require('./context')
const { gather, wait } = require('./combine')
const { Event } = require('./event')
const { Lock } = require('./lock')
const { Condition } = require('./condition')
const { Semaphore } = require('./semaphore')
const { Barrier } = require('./barrier')
const { Queue } = require('./queue')
const { nodeLoop, testLoop } = require('./options')
const { Runner, run, runMain } = require('./runner')
const { runSync } = require('./sync')

const { RunnerError, ClosedError, RunningError, BusyError, InvalidStateError, ForeignError,
  NoTaskError, AbandonedError, StalledError, TimeoutError, BrokenBarrierError, QueueEmptyError,
  QueueFullError, QueueShutDownError, CancelledError, KeyboardInterrupt, GroupError, isCancel } = errors

module.exports = {
  run, runMain, runSync, Runner, nodeLoop, testLoop,
  Task, TaskGroup, Timeout, Future, Loop, Timer, Closable, Context, ContextVar,
  gather, wait, isCancel,
  Event, Lock, Condition, Semaphore, Barrier, Queue,
  RunnerError, ClosedError, RunningError, BusyError, InvalidStateError, ForeignError, NoTaskError,
  AbandonedError, StalledError, TimeoutError, BrokenBarrierError, QueueEmptyError, QueueFullError,
  QueueShutDownError, CancelledError, KeyboardInterrupt, GroupError
}
