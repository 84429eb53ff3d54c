'use strict'

// What the tests share: runs on a virtual clock, in which it is noted what happens when.

const assert = require('node:assert')
const nodeTest = require('node:test')
const { Runner, testLoop } = require('../..')

const LIMIT = Number(process.env.TEST_LIMIT ?? 20_000)

// A test that hangs fails by itself. What the runner says of a loop that has nothing to do is not meant:
// it has the timer.
function test(name, body) {
  nodeTest.test(name, async (t) => {
    let timer
    const late = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it hangs')), LIMIT)
    })
    try {
      await Promise.race([body(t), late])
    } finally {
      clearTimeout(timer)
    }
  })
}

// Runs on a virtual clock. What is reported is an error, unless the options have a handler of their own.
// main: gets the task and { runner, loop, now, note, lines }.
async function virtual(main, options) {
  const reported = []
  const runner = new Runner({ loopFactory: testLoop, exceptionHandler: (context) => reported.push(context), ...options })
  const { loop } = runner
  const begun = loop.time()
  const lines = []
  const now = () => Math.round((loop.time() - begun) * 1000) / 1000
  const note = (text) => { lines.push(`${now()} ${text}`) }
  let value
  try {
    value = await runner.run((task) => main(task, { runner, loop, now, note, lines }))
  } catch (error) {
    await runner.close().catch(() => {})
    throw error
  }
  await runner.close()
  assert.deepStrictEqual(reported, [])
  return value
}

// A runner on a virtual clock, which is closed afterwards.
async function withRunner(use, options) {
  const runner = new Runner({ loopFactory: testLoop, ...options })
  try {
    return await use(runner)
  } finally {
    await runner.close()
  }
}

// What it is rejected with: an instance of the class, or the very value if that is no class.
async function rejected(promise, wanted) {
  let value
  try {
    value = await promise
  } catch (error) {
    return checked(error, wanted)
  }
  assert.fail(`it was not rejected, but gave ${String(value)}`)
}

// What it throws.
function thrown(act, wanted) {
  try {
    act()
  } catch (error) {
    return checked(error, wanted)
  }
  assert.fail('nothing was thrown')
}

function checked(error, wanted) {
  if (typeof wanted === 'function') {
    if (!(error instanceof wanted)) throw error
  } else {
    assert.strictEqual(error, wanted)
  }
  return error
}

// Waits until the task is cancelled, does this first, and goes on with the cancel.
async function untilCancelled(task, act) {
  try {
    await task.sleep(Infinity)
  } catch (error) {
    await act?.(error)
    throw error
  }
}

async function turns(task, count = 1) {
  for (let i = 0; i < count; i++) await task.yield()
}

// Time that the runner knows nothing of.
const immediate = () => new Promise((resolve) => setImmediate(resolve))
const real = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// Promises that are settled by hand.
function deferred() {
  const made = {}
  made.promise = new Promise((resolve, reject) => { Object.assign(made, { resolve, reject }) })
  return made
}

module.exports = { test, virtual, withRunner, rejected, thrown, untilCancelled, turns, immediate, real, deferred }
