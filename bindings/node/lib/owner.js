'use strict'

// Who is meant by a parameter: the runner that a thing is for, the task that waits.

const { typeError } = require('./errors')
const { show } = require('./check')

// The engine of a Task, Future, Runner or Loop, which is made ready to use.
function engineOf(of, name = 'of') {
  const engine = of !== null && typeof of === 'object' ? of._engine : undefined
  if (engine === undefined || typeof engine.open !== 'function') {
    throw typeError(`${name} must be the task, runner or loop that it is for, not ${show(of)}`)
  }
  engine.open()
  return engine
}

// A task, which a wait is called with.
function taskOf(task, name = 'task') {
  if (task === null || typeof task !== 'object' || typeof task.uncancel !== 'function' || task._engine === undefined) {
    throw typeError(`${name} must be the task that waits, not ${show(task)}`)
  }
  return task
}

module.exports = { engineOf, taskOf }
