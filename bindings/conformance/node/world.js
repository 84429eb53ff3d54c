'use strict'

const { ContextVar, Runner, testLoop } = require('librunner')
const { Body } = require('./ops')
const { Failure, ofError } = require('./outcomes')
const { Trace } = require('./trace')

// The failure of a future that nobody looks at. Such failures are reported last of all, which tells the time
// of the close: the clock of a runner that is closed cannot be read.
const LAST = new Failure('the last report')

// What a name of a task or a future is bound to. body: of a task.
class Handle {
  constructor(awaitable, body) {
    this.awaitable = awaitable
    this.body = body
  }

  // Whether it is a task that the shutdown has given up. In asyncio such a task stays pending for ever.
  get isGivenUp() {
    const { awaitable, body } = this
    return body !== undefined && !body.ended && awaitable.done && !awaitable.cancelled
  }
}

// What a program has while it runs.
class World {
  constructor(program) {
    this.program = program
    this.runner = new Runner({
      loopFactory: () => testLoop(),
      exceptionHandler: (context) => this._report(context),
      debug: false,
      signals: false // those of a program are calls of interrupt()
    })
    this.loop = this.runner.loop
    this.trace = new Trace(this.loop)
    this.handles = new Map()
    this.events = new Map()
    this.locks = new Map()
    this.semaphores = new Map()
    this.queues = new Map()
    this._variables = new Map()
    this._spawned = new Map() // how many by the tasks of a path
    this._kept = []           // every task and future there ever was
    this.closedAt = 0
    const last = this.loop.createFuture()
    last.reject(LAST)
    this.keep(last)
  }

  // Holds a task or future until the end.
  keep(awaitable) {
    this._kept.push(awaitable)
  }

  // Gives a name to a task, or to a new future.
  bind(name, task = this.loop.createFuture(), body = undefined) {
    this.handles.set(name, new Handle(task, body))
    this.keep(task)
  }

  // What a name is bound to. Something in the program binds it, but perhaps not yet.
  find(names, { name }) {
    const found = names.get(name)
    if (found === undefined) throw new Failure('NameError')
    return found
  }

  // A context variable, made on first use.
  variable({ name }) {
    let variable = this._variables.get(name)
    if (!variable) this._variables.set(name, variable = new ContextVar(name))
    return variable
  }

  // Starts a task with a body. One that is refused was not spawned: it has no number, and binds no name.
  spawn(spawner, path, op) {
    const number = (this._spawned.get(path) ?? 0) + 1
    const child = new Body(this, `${path}/${op.task}#${number}`, this.program.tasks.get(op.task))
    const task = spawner.spawn((task) => child.run(task), { name: child.path })
    this._spawned.set(path, number)
    this.bind(op.name, task, child)
  }

  // The exception handler.
  _report(context) {
    if (context.error === LAST) {
      this.closedAt = this.trace.now
    } else {
      this.trace.line('report', `${whose(context)} ${context.error ? ofError(context.error) : 'nothing'}`)
    }
  }
}

// The name of a task is its path.
function whose({ name = 'none' }) {
  return name.startsWith('~') ? 'closable' : name
}

module.exports = { World }
