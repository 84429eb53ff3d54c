'use strict'

// runSync in a process: where it is called, SIGINT, Workers.

const assert = require('node:assert')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const { assertChild } = require('./support/child')

const MAIN = `
  runSync(function * (task) {
    say(yield task.spawn(function * (child) { yield child.sleep(1); return 'child' }))
  })
`

for (const module of [false, true]) {
  test(`it_runs_at_the_top_level: ${module ? 'ES module' : 'CommonJS'}`, () => assertChild(MAIN, ['child'], { module }))
}

test('it_runs_after_an_await_of_a_module', () => assertChild(`await new Promise(setImmediate); ${MAIN}`, ['child'], { module: true }))

// ---- SIGINT ----

test('R119_R121_R123_the_first_SIGINT_cancels_main_which_may_wait_while_it_cleans_up', async () => {
  await assertChild(`
    try {
      runSync(function * (task) {
        try {
          say('ready')
          yield task.sleep(1e10) // 115 days
        } catch (error) {
          say(error.name, task.cancelling)
          throw error
        } finally {
          yield task.sleep(5)
          say('cleaned up')
        }
      })
    } catch (error) {
      say(error.name, error.exitCode, error instanceof KeyboardInterrupt, error.cause.name)
    }
    setImmediate(() => say('Node goes on'))
  `, ['ready', 'CancelledError 1', 'cleaned up', 'KeyboardInterrupt 130 true CancelledError', 'Node goes on'], { signals: ['ready'] })
})

test('R122_a_main_that_computes_is_told_at_its_next_wait', () => assertChild(`
  try {
    runSync(function * (task) {
      say('ready')
      while (true) {
        for (const end = performance.now() + 5; performance.now() < end;);
        yield task.yield()
      }
    })
  } catch (error) {
    say(error.name)
  }
`, ['ready', 'KeyboardInterrupt'], { signals: ['ready'] }))

test('R129_the_second_ends_the_process_even_if_nothing_waits', () => assertChild(`
  runSync(function * (task) {
    try {
      say('ready')
      yield task.sleep(60_000)
    } catch {
      say('cancelled')
      for (;;);
    }
  })
`, ['ready', 'cancelled'], { signals: ['ready', 'cancelled'], signal: 'SIGINT' }))

test('a_SIGINT_ends_the_process_if_the_runner_is_not_to_handle_it', () => assertChild(`
  runSync(function * (task) {
    say('ready')
    yield task.sleep(60_000)
  }, { signals: false })
`, ['ready'], { signals: ['ready'], signal: 'SIGINT' }))

// It is Node's to call it, once it goes on.
test('R116_a_listener_of_the_program_hears_it_afterwards', () => assertChild(`
  process.once('SIGINT', () => say('heard'))
  say('over', runSync(function * (task) {
    say('ready')
    yield task.sleep(200)
    return 3
  }))
  setTimeout(() => {}, 100) // a listener keeps no process alive
`, ['ready', 'over 3', 'heard'], { signals: ['ready'] }))

test('R131_afterwards_a_SIGINT_has_its_normal_effect', () => assertChild(`
  runSync(function * (task) { yield task.yield() })
  setTimeout(() => {}, 60_000)
  say('ready')
`, ['ready'], { signals: ['ready'], signal: 'SIGINT' }))

// The run outside has it. It stands still as long as this blocks.
test('in_a_task_of_another_run_the_first_is_for_that', () => assertChild(`
  run(async (task) => {
    runSync(function * (inner) {
      say('ready')
      yield inner.sleep(200)
      say('not cancelled')
    })
    await task.sleep(60_000)
  }).catch((error) => say(error.name))
`, ['ready', 'not cancelled', 'KeyboardInterrupt'], { signals: ['ready'] }))

test('it_may_run_many_times_and_be_interrupted_each_time', () => assertChild(`
  for (const n of [1, 2, 3]) {
    try {
      runSync(function * (task) {
        say('ready', n)
        yield task.sleep(60_000)
      })
    } catch (error) {
      say(error.name)
    }
  }
`, ['ready 1', 'KeyboardInterrupt', 'ready 2', 'KeyboardInterrupt', 'ready 3', 'KeyboardInterrupt'], {
  signals: ['ready 1', 'ready 2', 'ready 3']
}))

// ---- Workers ----

const REQUIRE = `const { runSync } = require(${JSON.stringify(require.resolve('..'))}); const { parentPort } = require('node:worker_threads')`

test('it_runs_in_a_Worker', async () => {
  const worker = new Worker(`${REQUIRE}; parentPort.postMessage(runSync(function * (task) { yield task.sleep(1); return 3 }))`, { eval: true })
  assert.strictEqual(await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject)), 3)
  await worker.terminate()
})

test('a_Worker_that_is_blocked_can_be_terminated', async () => {
  const worker = new Worker(`${REQUIRE}; runSync(function * (task) {
    parentPort.postMessage('ready')
    yield task.sleep(Infinity)
  }, { deadlock: false })`, { eval: true })
  await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))
  await new Promise((resolve) => setTimeout(resolve, 100)) // it waits
  assert.strictEqual(await worker.terminate(), 1)
})

test('a_process_ends_though_a_Worker_is_blocked', () => assertChild(`
  const { Worker } = require('node:worker_threads')
  const worker = new Worker(${JSON.stringify(`${REQUIRE}; runSync(function * (task) {
    parentPort.postMessage('ready')
    yield task.sleep(60_000)
  })`)}, { eval: true })
  worker.on('message', (text) => { say(text); setTimeout(() => process.exit(3), 100) })
`, ['ready'], { status: 3 }))
