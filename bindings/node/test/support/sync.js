'use strict'

// What tests of runSync share.

const assert = require('node:assert')
const { runSync, testLoop, Loop } = require('../..')
const { thrown } = require('./virtual')

// On a virtual clock. What is reported is an error, unless the options have a handler of their own.
function virtual(main, options) {
  const reported = []
  const value = runSync(function * (task) {
    const loop = new Loop(task._engine)
    const begun = loop.time()
    const lines = []
    const now = () => Math.round(loop.time() - begun)
    return yield main(task, { loop, lines, now, note: (text) => { lines.push(`${now()} ${text}`) } })
  }, { loopFactory: testLoop, exceptionHandler: (context) => reported.push(context), ...options })
  assert.deepStrictEqual(reported, [])
  return value
}

function * turns(task, count) {
  for (let i = 0; i < count; i++) yield task.yield()
}

// What a generator, which waits, throws.
function * throws(steps, wanted) {
  try {
    yield steps()
  } catch (error) {
    return thrown(() => { throw error }, wanted)
  }
  assert.fail('nothing was thrown')
}

function * sleeper(task) {
  yield task.sleep(Infinity)
}

module.exports = { virtual, turns, throws, sleeper }
