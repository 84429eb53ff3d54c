'use strict'

// What Node has for promises: timers/promises.

const { setImmediate, setTimeout } = require('node:timers/promises')
const { operations, yields, repeat } = require('./promises')

async function sleeper(ms, options) {
  await setTimeout(ms, undefined, options)
}

async function later(fn) {
  await setImmediate()
  return fn()
}

exports.sleepers = async (count, time, asleep) => {
  const all = Array.from({ length: count }, (_, i) => sleeper(time(i)))
  await setImmediate()
  asleep()
  await Promise.all(all)
}

exports.sleeping = async (count, signal) => {
  const all = Array.from({ length: count }, () => sleeper(1e6, { signal }))
  await setImmediate()
  return () => Promise.allSettled(all)
}

Object.assign(exports, operations(later), yields(() => setImmediate()), {
  sleep0_1: repeat(async (count) => {
    for (let i = 0; i < count; i++) await setTimeout(0)
  })
})
