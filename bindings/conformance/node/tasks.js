'use strict'

const { gather, wait } = require('librunner')
const { ofAwaitable, ofItem } = require('./outcomes')

const MODES = { first: 'first_completed', first_error: 'first_exception', all: 'all_completed' }

// Operations on tasks and futures.
const TASKS = {
  spawn: (body, op) => body.world.spawn(body.task, body.path, op),
  gspawn: (body, op) => body.world.spawn(body.innermost, body.path, op),
  await: (body, op) => body.got(body.task.until(awaitable(body, op.name))),
  shield: (body, op) => body.got(body.task.shield(awaitable(body, op.name))),
  cancel_self: (body) => body.line(`cancel self ${body.task.cancel()}`),
  cancelling: (body) => body.line(`cancelling ${body.task.cancelling}`),
  uncancel: (body) => body.line(`uncancel ${body.task.uncancel()}`),
  state: (body, op) => body.line(`state ${op.name} ${ofAwaitable(body.find('handles', op).awaitable)}`),
  future: (body, op) => body.world.bind(op.name),

  async gather(body, op) {
    const awaitables = op.names.map((name) => awaitable(body, name))
    const items = await gather(body.task, awaitables, { returnExceptions: op.flag })
    body.line(`gathered [${items.map(ofItem).join(', ')}]`)
  },

  // Names those that are done and those that are not in argument order.
  async wait(body, op) {
    const awaitables = new Map(op.names.map((name) => [name, awaitable(body, name)]))
    const options = { timeout: op.ms ?? undefined, returnWhen: MODES[op.mode] }
    const { done } = await wait(body.task, [...awaitables.values()], options)
    const names = (isDone) =>
      [...awaitables].filter(([, one]) => done.has(one) === isDone).map(([name]) => name).join(' ')
    body.line(`done [${names(true)}] pending [${names(false)}]`)
  }
}

// What has to be waited for in place of a handle. In asyncio a task that the shutdown has given up stays
// pending for ever.
function awaitable(body, name) {
  const handle = body.find('handles', { name })
  return handle.isGivenUp ? body.world.loop.createFuture() : handle.awaitable
}

module.exports = { TASKS }
