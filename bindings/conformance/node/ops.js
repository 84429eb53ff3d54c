'use strict'

const { Event, Lock, Queue, Semaphore } = require('librunner')
const { SHARED } = require('./callbacks')
const { Failure, ofError, ofValue } = require('./outcomes')
const { SCOPES } = require('./scopes')
const { TASKS } = require('./tasks')

// Operations after which the next one follows, in functions of the body and the operation. Those that wait
// give a promise.
const PLAIN = {
  ...TASKS,
  yield: (body) => body.task.yield(),
  sleep: (body, op) => body.task.sleep(op.ms),
  fail(body, op) { throw new Failure(op.failure) },
  raise(body) { throw body.caught },
  event_new: (body, op) => { body.world.events.set(op.name, new Event(body.task)) },
  event_clear: (body, op) => body.find('events', op).clear(),
  event_wait: (body, op) => body.find('events', op).wait(body.task),
  lock_new: (body, op) => { body.world.locks.set(op.name, new Lock(body.task)) },
  sem_new: (body, op) => { body.world.semaphores.set(op.name, new Semaphore(body.task, op.number)) },
  queue_new: (body, op) => { body.world.queues.set(op.name, new Queue(body.task, { maxSize: op.number })) },
  put: (body, op) => body.find('queues', op).put(body.task, op.number),
  get: (body, op) => body.got(body.find('queues', op).get(body.task)),
  var_set: (body, op) => body.world.variable(op).set(body.task, op.number),
  var_get: (body, op) => body.line(`var ${op.name} ${body.world.variable(op).get(body.task, 'unset')}`),
  // All that are made by one path under one name have the same path.
  closable(body, op) {
    const inside = new Body(body.world, `${body.path}/~${op.name}`, op.body)
    body.task.register((task) => inside.run(task), { name: `~${op.name}` })
  }
}

// A list of operations that is run by a task, or by the close of a closable.
class Body {
  constructor(world, path, list) {
    this.world = world
    this.path = path
    this.ended = false
    this.innermost = undefined // of the groups that are open
    this.caught = undefined    // by the innermost handler that runs
    this._list = list
  }

  // Runs the whole body, from its start to its end.
  async run(task) {
    this.task = task
    this.line('start')
    let value
    try {
      value = await this.ops(this._list) ?? 0
    } catch (error) {
      this._finish(ofError(error))
      throw error
    }
    this._finish(ofValue(value))
    return value
  }

  _finish(outcome) {
    this.ended = true
    this.line(`end ${outcome}`)
  }

  // Gives the value if a return was reached, else undefined.
  async ops(list) {
    for (const op of list) {
      if (op.word === 'return') return op.number
      if (op.word in SCOPES) {
        const returned = await SCOPES[op.word](this, op)
        if (returned !== undefined) return returned
      } else if (op.word in SHARED) {
        SHARED[op.word](this.world, this.path, op)
      } else {
        await PLAIN[op.word](this, op)
      }
    }
    return undefined
  }

  line(what) {
    this.world.trace.line(this.path, what)
  }

  // The end of an operation that waits for a number.
  async got(number) {
    this.line(`got ${await number}`)
  }

  find(names, op) {
    return this.world.find(this.world[names], op)
  }
}

module.exports = { Body }
