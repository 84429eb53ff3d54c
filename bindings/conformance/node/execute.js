'use strict'

const { Context, StalledError } = require('librunner')
const { Body } = require('./ops')
const { ofError, ofValue } = require('./outcomes')
const { World } = require('./world')

// The trace of a program.
async function execute(program) {
  const world = new World(program)
  for (const [index, run] of program.runs.entries()) {
    world.trace.line('run', `${index} ${await executeRun(world, run)}`)
  }
  const what = await close(world)
  world.trace.lineAt(world.closedAt, what)
  return world.trace.text
}

async function executeRun(world, { task: name, freshContext, interruptAt }) {
  const main = new Body(world, name, world.program.tasks.get(name))
  const context = freshContext ? new Context(world.runner) : undefined
  const timers = interruptAt.map((ms) => world.loop.callLater(ms, () => world.runner.interrupt()))
  try {
    return ofValue(await world.runner.run((task) => {
      world.keep(task)
      return main.run(task)
    }, { name, context }))
  } catch (error) {
    return ofError(error)
  } finally {
    for (const timer of timers) timer.cancel()
  }
}

async function close(world) {
  try {
    await world.runner.close()
    return 'closed'
  } catch (error) {
    return error instanceof StalledError ? 'closed deadlock' : `closed ${ofError(error)}`
  }
}

module.exports = { execute }
