'use strict'

// What is acquired, and released when a body is over.

const { checkFunction } = require('./check')
const { isSync } = require('./steps')

// Once the runner is closed, nobody has anything to release.
function letGo(held) {
  if (!held._engine.closed) held.release()
}

async function during(held, task, body) {
  checkFunction(body, 'body')
  await held.acquire(task)
  try {
    return await body()
  } finally {
    letGo(held)
  }
}

function * duringSteps(held, task, body) {
  checkFunction(body, 'body')
  yield held.acquire(task)
  try {
    return yield * task._inside(body())
  } finally {
    letGo(held)
  }
}

function within(held, task, body) {
  return isSync(task) ? duringSteps(held, task, body) : during(held, task, body)
}

module.exports = { within }
