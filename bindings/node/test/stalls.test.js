'use strict'

// Runs that nothing can continue: Node would end the process without a word.

const { test } = require('node:test')
const { assertChild } = require('./support/child')

test('main_awaits_what_never_comes', async () => {
  await assertChild(`
    run(async (task) => {
      await task.sleep(1)
      await new Promise(() => {})
    }, { name: 'main' }).catch((error) => {
      say(error.name, error instanceof StalledError, error instanceof RunnerError, error.code)
      say(/\\bmain\\b/.test(error.message), error.tasks.length, error.tasks[0].id, error.tasks[0].name)
    })
  `, ['StalledError true true RUNNER_EDEADLK', 'true 1 1 main'])
})

test('the_error_names_the_tasks_and_what_they_wait_for', async () => {
  await assertChild(`
    run(async (task) => {
      const event = new Event(task)
      const future = task.spawn(async (child) => { await event.wait(child) }, { name: 'child' })
      task.spawn(async (other) => { await other.until(new Promise(() => {})) }, { name: 'other' })
      await future
    }, { name: 'main' }).catch((error) => {
      for (const { id, name, waits } of error.tasks) say(id, name, waits)
      for (const name of ['main', 'child', 'other']) say(error.message.includes(name))
    })
  `, ['1 main task', '2 child event', '3 other future', 'true', 'true', 'true'])
})

test('of_many_tasks_some_are_named', async () => {
  await assertChild(`
    run(async (task) => {
      const event = new Event(task)
      for (let i = 0; i < 99; i++) task.spawn((child) => event.wait(child))
      await event.wait(task)
    }).catch((error) => say(error.tasks.length, error.message.length < 1000, /90 more/.test(error.message)))
  `, ['100 true true'])
})

test('an_uncaught_one_ends_a_CommonJS_program_with_1_and_not_with_0', async () => {
  await assertChild(`run(() => new Promise(() => {}))`, [], { status: 1, errors: /StalledError/ })
})

test('an_uncaught_one_ends_an_ES_module_with_1_and_not_with_13', async () => {
  await assertChild(`await run(() => new Promise(() => {}))`, [], { module: true, status: 1, errors: /StalledError/ })
})

test('a_top_level_await_goes_on_after_it', async () => {
  await assertChild(`
    try {
      await run(() => new Promise(() => {}))
    } catch (error) {
      say(error.name)
    }
    await run((task) => task.sleep(1))
    say('over')
  `, ['StalledError', 'over'], { module: true })
})

test('finally_blocks_run_and_may_wait', async () => {
  await assertChild(`
    run(async (task) => {
      const child = task.spawn(async (child) => {
        try {
          await new Event(child).wait(child)
        } finally {
          await child.sleep(5)
          say('child')
        }
      })
      try {
        await new Event(task).wait(task)
      } finally {
        await wait(task, [child])
        say('main')
      }
    }).catch((error) => say(error.name))
  `, ['child', 'main', 'StalledError'])
})

test('a_wait_for_a_promise_is_cancelled_by_the_close', async () => {
  await assertChild(`
    run(async (task) => {
      try {
        await task.until(new Promise(() => {}))
      } finally {
        say('main', task.cancelling)
      }
    }).catch((error) => say(error.name))
  `, ['main 1', 'StalledError'])
})

test('the_runner_can_go_on_and_its_tasks_too', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner()
      let event
      const error = await failure(runner.run(async (task) => {
        event = new Event(task)
        await event.wait(task)
        say('went on')
      }))
      say(error.name, runner.running)
      say(await runner.run(async (task) => {
        event.set()
        await task.sleep(1)
        return 7
      }))
      await runner.close()
    }
    program()
  `, ['StalledError false', 'went on', '7'])
})

test('a_second_run_may_stall_too', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner()
      for (let i = 0; i < 3; i++) say((await failure(runner.run((task) => new Event(task).wait(task)))).tasks.length)
      await runner.close()
      say(runner.closed)
    }
    program()
  `, ['1', '2', '3', 'true'])
})

// ---- the close ----

test('a_close_that_stalls_gives_up_what_is_left', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner()
      let child
      await runner.run(async (task) => {
        child = task.spawn(async () => { await new Promise(() => {}) }, { name: 'stuck' })
        await task.sleep(1)
      })
      const error = await failure(runner.close())
      say(error instanceof RunnerError, runner.closed, child.done, child.exception().name)
      say(runner.report.some((entry) => entry.kind === 'abandoned' && entry.name === 'stuck'))
    }
    program()
  `, ['true true true AbandonedError', 'true'])
})

test('a_close_after_a_stall_that_stalls_ends', async () => {
  await assertChild(`
    run(() => new Promise(() => {})).catch((error) => say(error.name))
  `, ['StalledError'])
})

test('a_closable_that_never_ends_is_given_up_and_the_others_are_closed', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner()
      await runner.run((task) => {
        task.register(async (closing) => { await closing.sleep(1); say('closed') })
        task.register(() => new Promise(() => {}), { name: 'stuck' })
      })
      say((await failure(runner.close())) instanceof RunnerError, runner.closed)
    }
    program()
  `, ['closed', 'true true'])
})

test('who_waits_for_a_task_that_was_given_up_is_told', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner()
      let child
      await runner.run(async (task) => {
        child = task.spawn(async () => { await new Promise(() => {}) })
        await task.sleep(1)
      })
      const waits = failure(child)
      await failure(runner.close())
      say((await waits).name)
      say((await failure(child)).name)
    }
    program()
  `, ['AbandonedError', 'AbandonedError'])
})

// ---- several runners, and what else holds the process ----

test('several_runners_stall_each_by_itself', async () => {
  await assertChild(`
    const wait = (name, ms) => failure(run(async (task) => {
      await task.sleep(ms)
      await new Event(task).wait(task)
    }, { name }))
    Promise.all([wait('first', 1), wait('second', 30), wait('third', 15)]).then((errors) => {
      for (const error of errors) say(error.name, error.tasks.map((one) => one.name))
    })
  `, ['StalledError first', 'StalledError second', 'StalledError third'])
})

test('what_goes_on_elsewhere_is_waited_for', async () => {
  await assertChild(`
    run(async (task) => {
      const event = new Event(task)
      setTimeout(() => event.set(), 30)
      await event.wait(task)
      const other = new Promise((resolve) => require('node:fs').stat('/', resolve))
      await other
      await task.until(new Promise((resolve) => setTimeout(resolve, 30)))
      return 'woken'
    }).then(say)
  `, ['woken'])
})

test('a_runner_waits_for_another', async () => {
  await assertChild(`
    const first = run(async (task) => { await task.sleep(20); return 'first' })
    run((task) => task.until(first)).then(say)
  `, ['first'])
})

test('a_listener_of_the_program_to_beforeExit_may_wake_main', async () => {
  for (const when of ['before', 'after']) {
    await assertChild(`
      let wake
      const listen = () => process.once('beforeExit', () => { say('beforeExit'); setTimeout(() => wake(), 5) })
      if ('${when}' === 'before') listen()
      run(async (task) => {
        const event = new Event(task)
        wake = () => event.set()
        await event.wait(task)
        return 'woken'
      }).then(say)
      if ('${when}' === 'after') listen()
    `, ['beforeExit', 'woken'])
  }
})

test('listeners_of_the_program_to_beforeExit_are_called_as_ever', async () => {
  await assertChild(`
    const before = process.listenerCount('beforeExit')
    process.once('beforeExit', (code) => {
      say('beforeExit', code, process.listenerCount('beforeExit') === before)
      run((task) => task.sleep(5)).then(() => say('a run in beforeExit', process.listenerCount('beforeExit') === before))
    })
    run((task) => { say('run', process.listenerCount('beforeExit') > before + 1) })
  `, ['run true', 'beforeExit 0 true', 'a run in beforeExit true'])
})

test('an_empty_runner_does_not_hold_the_process', async () => {
  await assertChild(`
    const runner = new Runner()
    runner.run((task) => { task.spawn((child) => child.sleep(60_000)) }).then(() => say('over'))
  `, ['over'])
})

test('what_is_unreferenced_does_not_hold_the_process', async () => {
  await assertChild(`
    run((task) => task.until(new Promise((resolve) => setTimeout(resolve, 60_000).unref())))
      .catch((error) => say(error.name))
  `, ['StalledError'])
})

test('a_worker_stalls_as_the_main_thread_does', async () => {
  const worker = `
    run((task) => new Event(task).wait(task)).catch((error) => require('node:worker_threads').parentPort.postMessage(error.name))
  `
  await assertChild(`
    const { Worker } = require('node:worker_threads')
    new Worker(${JSON.stringify(worker)}, { eval: true })
      .on('message', (name) => say(name)).on('exit', (code) => say('exit', code))
  `, ['StalledError', 'exit 0'])
})

test('on_a_virtual_clock_it_is_a_deadlock_at_once', async () => {
  await assertChild(`
    const alive = setInterval(() => {}, 1000)
    run((task) => new Event(task).wait(task), { loopFactory: testLoop }).catch((error) => {
      clearInterval(alive)
      say(error.name, error.tasks.length)
    })
  `, ['StalledError 1'])
})

test('a_deadlock_after_a_stall_names_its_own_tasks', async () => {
  await assertChild(`
    const runner = new Runner({ loopFactory: testLoop })
    const names = (error) => say(error.name, ...error.tasks.map((task) => task.name).sort())
    runner.run(() => new Promise(() => {}), { name: 'first' }).catch(names)
      .then(() => runner.run((task) => task.until(task.loop.createFuture()), { name: 'second' })).catch(names)
      .then(() => runner.run((task) => task.until(runner.loop.createFuture()), { name: 'third' })).catch(names)
  `, ['StalledError first', 'StalledError first second', 'StalledError first second third'])
})
