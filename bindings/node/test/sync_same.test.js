'use strict'

// Random programs do the same, at the same times, by run() and by runSync().

const assert = require('node:assert')
const { test } = require('node:test')
const { run, runSync, testLoop, gather, Loop, Event, Lock, Semaphore, Barrier, Queue } = require('..')

const FIRST = Number(process.env.TEST_SEED ?? 1)
const PROGRAMS = 300

// ---- programs: lists of [what, ...] ----

function random(seed) {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const SIMPLE = [
  (r) => ['sleep', r(4)], () => ['yield'], () => ['set'], () => ['clear'], () => ['wait'], (r) => ['put', r(100)], () => ['get'],
  (r) => ['cancel', r(6)], () => ['uncancel'], () => ['throw'], (r) => ['until', r(6)], () => ['meet'], (r) => ['acquire', r(3)],
  (r) => ['shield', r(6)], (r) => ['gather', r(6), r(6)]
]
const NESTED = [
  (r, part) => ['spawn', part(5)], (r, part) => ['spawn', part(5)], (r, part) => ['timeout', r(4), part(3)], (r, part) => ['group', part(4)],
  (r, part) => ['with', part(3)], (r, part) => ['try', part(3), part(2)], (r, part) => ['join', part(4)]
]

function makeProgram(r, depth, length) {
  const kinds = depth > 0 ? [...SIMPLE, ...NESTED] : SIMPLE
  const part = (most) => makeProgram(r, depth - 1, r(most))
  return Array.from({ length }, () => kinds[r(kinds.length)](r, part))
}

// ---- what they do ----

function describe(error) {
  const inner = error.errors === undefined ? '' : `[${error.errors.map(describe)}]`
  return `${error.name} ${error.code ?? error.message} ${error.reason ?? ''}${inner}`
}

class World {
  // as: makes a function of the mode of a generator function.
  constructor(task, as, trace) {
    const loop = new Loop(task._engine)
    const begun = loop.time()
    this.as = as
    this.say = (name, text) => trace.push(`${Math.round((loop.time() - begun) * 1000) / 1000} ${name} ${text}`)
    this.tasks = []
    this.event = new Event(task)
    this.lock = new Lock(task)
    this.semaphore = new Semaphore(task, 1)
    this.barrier = new Barrier(task, 2)
    this.queue = new Queue(task, { maxSize: 2 })
  }

  spawn(from, program) {
    const world = this
    const name = `t${this.tasks.length}`
    const task = from.spawn(this.as(function * (own) {
      try {
        yield * world.all(own, name, program, null)
        world.say(name, 'ends')
        return name
      } catch (error) {
        world.say(name, `fails: ${describe(error)}`)
        throw error
      }
    }))
    this.tasks.push(task)
    return task
  }

  // A part of the task, which gives a value.
  part(task, name, program, group, value) {
    const world = this
    return this.as(function * (made) {
      yield * world.all(task, name, program, group ?? made)
      return value
    })
  }

  * all(task, name, program, group) {
    for (const [what, ...rest] of program) {
      this.say(name, what)
      const result = yield * this[what](task, name, group, ...rest)
      this.say(name, `${what}: ${String(result)} ${task.cancelling}`)
    }
  }

  one(index) {
    return this.tasks[index % this.tasks.length]
  }

  * sleep(task, name, group, ms) { yield task.sleep(ms) }
  * yield(task) { yield task.yield() }
  * set() { this.event.set() }
  * clear() { this.event.clear() }
  * wait(task) { yield this.event.wait(task) }
  * put(task, name, group, item) { yield this.queue.put(task, item) }
  * get(task) { return yield this.queue.get(task) }
  * cancel(task, name, group, index) { return this.one(index).cancel(index) }
  * uncancel(task) { return task.uncancel() }
  * throw(task, name) { throw new Error(`mine, ${name}`) }
  * until(task, name, group, index) { return yield task.until(this.one(index)) }
  * meet(task) { return yield this.barrier.wait(task) }
  * shield(task, name, group, index) { return yield task.shield(this.one(index)) }
  * gather(task, name, group, ...indices) { return yield gather(task, indices.map((index) => this.one(index))) }
  * join(task, name, group, program) { this.spawn(group?.spawn === undefined ? task : group, program) }
  * acquire(task, name, group, kind) {
    if (kind === 0) this.semaphore.release()
    else yield this.semaphore.acquire(task)
  }

  * timeout(task, name, group, ms, program) { return yield task.timeout(ms, this.part(task, name, program, group, 'in time')) }
  * group(task, name, group, program) { return yield task.group(this.part(task, name, program, null, 'all')) }
  * with(task, name, group, program) { return yield this.lock.with(task, this.part(task, name, program, group, 'had it')) }
  * try(task, name, group, program, after) {
    try {
      yield * this.all(task, name, program, group)
    } catch (error) {
      this.say(name, `caught: ${describe(error)}`)
      yield * this.all(task, name, after, group)
    }
  }
}

// ---- both ways ----

const asGenerator = (generator) => generator

function asAsync(generator) {
  return async (...given) => {
    const steps = generator(...given)
    let step = steps.next()
    while (!step.done) {
      let value
      try {
        value = await step.value
      } catch (error) {
        step = steps.throw(error)
        continue
      }
      step = steps.next(value)
    }
    return step.value
  }
}

function main(program, as, trace) {
  return as(function * (task) {
    const world = new World(task, as, trace)
    return yield task.until(world.spawn(task, program))
  })
}

// What nobody has asked for is reported at the close at the latest, and before that if it is collected.
async function traceOf(begin) {
  const trace = []
  const reported = []
  const options = { loopFactory: testLoop, exceptionHandler: ({ message, error }) => reported.push(`${message}: ${error?.message}`) }
  try {
    trace.push(`value ${await begin(trace, options)}`)
  } catch (error) {
    trace.push(`error ${describe(error)}`)
  }
  return [...trace, ...reported.sort()]
}

test('random_programs_do_the_same_by_run_and_by_runSync', async () => {
  for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++) {
    const r = random(seed)
    const program = makeProgram(r, 3, 4 + r(8))
    const wanted = await traceOf((trace, options) => run(main(program, asAsync, trace), options))
    const found = await traceOf((trace, options) => runSync(main(program, asGenerator, trace), options))
    assert.deepStrictEqual(found, wanted, `seed ${seed}: ${JSON.stringify(program)}`)
  }
})
