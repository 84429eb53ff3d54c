'use strict'

// What the peers without tasks do alike: `start(fn)` is their promise of what fn returns.

const { seconds } = require('../measure')
const { AT_ONCE, rounds } = require('../sizes')

async function nothing() {}

function repeat(act) {
  return async (count) => ({ time: await seconds(() => act(count)), done: count })
}

function inside(act) {
  return act()
}

function operations(start) {
  return {
    inside,
    spawn_await: repeat(async (count) => {
      for (let i = 0; i < count; i++) await start(nothing)
    }),
    async at_once_all(count) {
      const times = rounds(count, AT_ONCE)
      const time = await seconds(async () => {
        for (let i = 0; i < times; i++) await Promise.all(Array.from({ length: AT_ONCE }, () => start(nothing)))
      })
      return { time, done: times * AT_ONCE }
    }
  }
}

// One, and one of a thousand, lets others run.
function yields(give) {
  return {
    yield_1: repeat(async (count) => {
      for (let i = 0; i < count; i++) await give()
    }),
    async yield_1000(count) {
      const times = rounds(count, 1_000)
      const time = await seconds(() => Promise.all(Array.from({ length: 1_000 }, async () => {
        for (let j = 0; j < times; j++) await give()
      })))
      return { time, done: 1_000 * times }
    }
  }
}

// A callback that calls the next.
function callbacks(call) {
  return repeat((count) => new Promise((resolve) => {
    const next = () => {
      if (--count > 0) call(next)
      else resolve()
    }
    next()
  }))
}

module.exports = { operations, yields, callbacks, repeat }
