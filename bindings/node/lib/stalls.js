'use strict'

// Runs that can never end. Node ends a process, or a Worker, whose loop has nothing left to wait for,
// and says nothing of promises that wait. It tells of it before.

const C = require('./native')
const K = require('./constants')
const { StalledError } = require('./errors')

const active = new Set()
const MOST_NAMED = 10

// The event comes again only if the loop was alive in between.
function beforeExit() {
  let on = false
  for (const engine of [...active]) on = engine.stalled() || on
  if (on) setImmediate(() => {})
}

function add(engine) {
  if (active.size === 0) process.on('beforeExit', beforeExit)
  active.add(engine)
}

function remove(engine) {
  active.delete(engine)
  if (active.size === 0) process.off('beforeExit', beforeExit)
}

// The tasks that are not done, and what each of them waits for.
function tasksOf(engine) {
  const [code, , infos] = C.runner_tasks(engine.core, 1000)
  if (code !== 0) return []
  return infos.map(([id, state, , , , waits, , name]) => ({
    id, name: name ?? `Task-${id}`, waits: waits ?? (state === K.RUNNER_TASK_RUNNING ? 'something that is not of the runner' : null)
  }))
}

function line({ name, waits }) {
  return waits === null ? name : `${name} (waits for ${waits})`
}

function error(engine, tasks = tasksOf(engine)) {
  const named = tasks.slice(0, MOST_NAMED).map(line).join(', ')
  const more = tasks.length > MOST_NAMED ? `, and ${tasks.length - MOST_NAMED} more` : ''
  const list = named === '' ? '' : `: ${named}${more}`
  return new StalledError(K.RUNNER_EDEADLK, `nothing can wake a task any more${list}`, tasks)
}

module.exports = { add, remove, tasksOf, error }
