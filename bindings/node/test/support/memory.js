'use strict'

// What is left of things that a program has forgotten. Needs --expose-gc.

const assert = require('node:assert')
const C = require('../../lib/native')

const immediate = () => new Promise((resolve) => setImmediate(resolve))

// Collects until it is true. What the stack still holds by chance is no leak.
async function collected(holds) {
  for (let i = 0; i < 50; i++) {
    global.gc()
    await immediate()
    if (await holds()) return true
  }
  return false
}

async function assertCollected(holds, message) {
  assert.ok(await collected(holds), typeof message === 'function' ? message() : message)
}

// How many objects the library and JavaScript have of a runner.
function sizes(of) {
  const engine = of._engine
  engine.flush()
  return { objects: Number(C.runner_host_count(engine.core)), slots: engine.slots.size }
}

// The bytes of the heap, with all that is garbage gone.
async function heapUsed() {
  for (let i = 0; i < 3; i++) {
    global.gc()
    await immediate()
  }
  return process.memoryUsage().heapUsed
}

// How many bytes the heap has grown by per round, once it is warm: the least of some tries.
async function growth(rounds, act) {
  for (let i = 0; i < rounds; i++) await act(i)
  let least = Infinity
  for (let tries = 0; tries < 3 && least > 1; tries++) {
    const before = await heapUsed()
    for (let i = 0; i < rounds; i++) await act(i)
    least = Math.min(least, (await heapUsed() - before) / rounds)
  }
  return least
}

module.exports = { collected, assertCollected, sizes, heapUsed, growth }
