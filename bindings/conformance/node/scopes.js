'use strict'

const { kindOf } = require('./outcomes')

// Operations that have a body around which something happens. They give the value if a return was reached,
// else undefined.
const SCOPES = {
  group(body, op) {
    const outer = body.innermost
    return body.task.group(async (group) => {
      body.innermost = group
      try {
        return await body.ops(op.body)
      } finally {
        body.innermost = outer
      }
    })
  },

  timeout: (body, op) => body.task.timeout(op.ms, () => body.ops(op.body)),
  lock: (body, op) => body.find('locks', op).with(body.task, () => body.ops(op.body)),
  sem: (body, op) => body.find('semaphores', op).with(body.task, () => body.ops(op.body)),

  async repeat(body, op) {
    for (let i = 0; i < op.number; i++) {
      const returned = await body.ops(op.body)
      if (returned !== undefined) return returned
    }
    return undefined
  },

  async try(body, op) {
    let returned
    try {
      returned = await guarded(body, op)
    } catch (error) {
      returned = await last(body, op)
      if (returned === undefined) throw error
      return returned
    }
    return await last(body, op) ?? returned
  }
}

const last = (body, op) => body.ops(op.handlers.finally ?? [])

// The body, and the handler of its error.
async function guarded(body, op) {
  try {
    return await body.ops(op.body)
  } catch (error) {
    const handler = op.handlers[kindOf(error)]
    if (!handler) throw error
    return await handle(body, error, handler)
  }
}

async function handle(body, error, handler) {
  const before = body.caught
  body.caught = error
  try {
    return await body.ops(handler)
  } finally {
    body.caught = before
  }
}

module.exports = { SCOPES }
