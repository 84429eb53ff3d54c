'use strict'

// What is measured.

const librunner = require('../../../../bindings/node')
const { seconds } = require('../measure')
const { AT_ONCE, rounds } = require('../sizes')

const { run, Runner, gather } = librunner

let main

async function nothing() {}

async function inside(act) {
  let value
  await run(async (task) => {
    main = task
    value = await act(task)
  })
  return value
}

// An operation of a task, so many times.
function repeat(act) {
  return (count) => inside(async (task) => ({ time: await seconds(() => act(task, count)), done: count }))
}

// One that is of many tasks.
function crowd(size, act) {
  return (count) => inside(async (task) => {
    const times = rounds(count, size)
    const time = await seconds(async () => {
      for (let i = 0; i < times; i++) await act(task)
    })
    return { time, done: times * size }
  })
}

function spawnAll(task) {
  return Array.from({ length: AT_ONCE }, () => task.spawn(nothing))
}

exports.inside = inside

exports.spawn_await = repeat(async (task, count) => {
  for (let i = 0; i < count; i++) await task.spawn(nothing)
})

exports.at_once_all = crowd(AT_ONCE, (task) => Promise.all(spawnAll(task)))
exports.at_once_gather = crowd(AT_ONCE, (task) => gather(task, spawnAll(task)))
exports.at_once_group = crowd(AT_ONCE, (task) => task.group((group) => {
  for (let i = 0; i < AT_ONCE; i++) group.spawn(nothing)
}))
exports.at_once_each = crowd(AT_ONCE, async (task) => {
  for (const child of spawnAll(task)) await child
})

exports.yield_1 = repeat(async (task, count) => {
  for (let i = 0; i < count; i++) await task.yield()
})

exports.sleep0_1 = repeat(async (task, count) => {
  for (let i = 0; i < count; i++) await task.sleep(0)
})

exports.yield_1000 = (count) => {
  const times = rounds(count, 1_000)
  return inside(async (task) => {
    const time = await seconds(() => task.group((group) => {
      for (let i = 0; i < 1_000; i++) {
        group.spawn(async (child) => {
          for (let j = 0; j < times; j++) await child.yield()
        })
      }
    }))
    return { time, done: 1_000 * times }
  })
}

// A group of one that does nothing.
exports.group_1 = repeat(async (task, count) => {
  for (let i = 0; i < count; i++) await task.group((group) => { group.spawn(nothing) })
})

exports.timeout_1 = repeat(async (task, count) => {
  for (let i = 0; i < count; i++) await task.timeout(1_000, () => task.yield())
})

exports.until_1 = repeat(async (task, count) => {
  for (let i = 0; i < count; i++) await task.until(Promise.resolve(i))
})

// Two tasks, each of which waits for what the other puts: a hop is a put and the get that it ends.
if (librunner.Queue !== undefined) {
  exports.queue = (count) => inside(async (task) => {
    const there = new librunner.Queue(task)
    const back = new librunner.Queue(task)
    const other = task.spawn(async (own) => {
      for (let i = 0; i < count; i++) await back.put(own, await there.get(own))
    })
    const time = await seconds(async () => {
      for (let i = 0; i < count; i++) {
        await there.put(task, i)
        await back.get(task)
      }
    })
    await other
    return { time, done: 2 * count }
  })
}

// Two tasks that hand it over in turn.
if (librunner.Lock !== undefined) {
  exports.lock = (count) => inside(async (task) => {
    const lock = new librunner.Lock(task)
    const time = await seconds(() => task.group((group) => {
      for (let i = 0; i < 2; i++) {
        group.spawn(async (own) => {
          for (let j = 0; j < count; j++) await lock.with(own, () => own.yield())
        })
      }
    }))
    return { time, done: 2 * count }
  })
}

// Two tasks that wake each other.
if (librunner.Event !== undefined) {
  exports.event = (count) => inside(async (task) => {
    const there = new librunner.Event(task)
    const back = new librunner.Event(task)
    const other = task.spawn(async (own) => {
      for (let i = 0; i < count; i++) {
        await there.wait(own)
        there.clear()
        back.set()
      }
    })
    const time = await seconds(async () => {
      for (let i = 0; i < count; i++) {
        there.set()
        await back.wait(task)
        back.clear()
      }
    })
    await other
    return { time, done: 2 * count }
  })
}

// A callback that calls the next.
exports.callback = (count) => {
  const runner = new Runner()
  return runner.run(async (task) => {
    const { loop } = runner
    const over = loop.createFuture()
    let left = count
    const next = () => {
      if (--left > 0) loop.callSoon(next)
      else over.resolve()
    }
    const time = await seconds(() => {
      next()
      return task.until(over)
    })
    return { time, done: count }
  }).finally(() => runner.close())
}

exports.run_warm = async (count) => {
  const runner = new Runner()
  await runner.run(nothing)
  const time = await seconds(async () => {
    for (let i = 0; i < count; i++) await runner.run(nothing)
  })
  await runner.close()
  return { time, done: count }
}

exports.run_cold = async (count) => {
  const time = await seconds(async () => {
    for (let i = 0; i < count; i++) await run(nothing)
  })
  return { time, done: count }
}

exports.sleepers = (count, time, asleep) => main.group(async (group) => {
  for (let i = 0; i < count; i++) group.spawn(async (child) => { await child.sleep(time(i)) })
  await main.yield()
  await main.yield()
  asleep()
})

exports.sleeping = async (count, signal) => {
  const tasks = Array.from({ length: count }, () => main.spawn(async (child) => { await child.sleep(1e6) }, { signal }))
  await main.yield()
  return () => gather(main, tasks, { returnExceptions: true })
}
