'use strict'

// How a process ends in which something of a runner was left, or has failed.

const { test } = require('node:test')
const { assertChild } = require('./support/child')

// Says at the end how often Node was told of an error that nobody has handled.
const COUNTS = `
let unhandled = 0
let handledLater = 0
process.on('unhandledRejection', (error) => { unhandled++; say('unhandled', error?.name, error?.message) })
process.on('uncaughtException', (error) => { unhandled++; say('uncaught', error?.name, error?.message) })
process.on('rejectionHandled', () => handledLater++)
process.on('exit', () => say('unhandled', unhandled, handledLater))
process.removeAllListeners('warning')
process.on('warning', (warning) => { if (warning.name !== 'RunnerWarning') say(warning.name, warning.message) })
`

const quiet = (source, lines = [], given = {}) => assertChild(`${COUNTS}
async function program() {
${source}
}
program()`, [...lines, 'unhandled 0 0'], given)

test('R094_what_failed_and_nobody_asked_for_is_a_warning_and_no_unhandledRejection', async () => {
  await assertChild(`
    process.on('unhandledRejection', () => say('unhandled'))
    process.removeAllListeners('warning')
    process.on('warning', (warning) => say(warning.name, warning.message.includes('child'), String(warning.detail).includes('SyntaxError')))
    run(async (task) => {
      task.spawn(() => { throw new SyntaxError('no') }, { name: 'child' })
      await task.sleep(5)
      return 'over'
    }).then(say)
  `, ['RunnerWarning true true', 'over'])
})

test('children_that_fail_are_no_unhandledRejection', async () => {
  await quiet(`
    await run(async (task) => {
      for (let i = 0; i < 10; i++) task.spawn(() => { throw new Error() })
      for (let i = 0; i < 10; i++) task.spawn(async () => { throw new Error() })
      for (let i = 0; i < 10; i++) task.spawn(async (child) => { await child.sleep(1); throw undefined })
      for (let i = 0; i < 10; i++) task.spawn(async (child) => { await elsewhere(1); throw null })
      for (let i = 0; i < 10; i++) task.spawn(() => Promise.reject(new Error()))
      await task.sleep(10)
      gc()
      await elsewhere(10)
    })
  `)
})

test('children_that_are_cancelled_are_no_unhandledRejection', async () => {
  await quiet(`
    await run(async (task) => {
      const event = new Event(task)
      const children = [
        task.spawn((child) => child.sleep(60_000)),
        task.spawn(async (child) => { await child.sleep(60_000) }),
        task.spawn((child) => event.wait(child)),
        task.spawn((child) => child.until(new Promise(() => {}))),
        task.spawn((child) => child.until(Promise.reject(new Error()))),
        task.spawn((child) => child.until(child.spawn((one) => one.sleep(60_000)))),
        task.spawn((child) => child.shield(child.spawn((one) => one.sleep(60_000)))),
        task.spawn((child) => child.timeout(60_000, () => child.sleep(60_000))),
        task.spawn((child) => child.group((group) => { group.spawn((one) => one.sleep(60_000)); group.spawn((one) => event.wait(one)) })),
        task.spawn((child) => gather(child, [child.spawn((one) => one.sleep(60_000)), child.spawn((one) => one.sleep(60_000))])),
        task.spawn((child) => wait(child, [child.spawn((one) => one.sleep(60_000)), child.spawn((one) => one.sleep(60_000))])),
        task.spawn(async (child) => { await child.spawn((one) => one.sleep(60_000)) })
      ]
      await task.sleep(1)
      for (const child of children) child.cancel('why')
      task.spawn(() => {}).cancel() // has not begun
      await task.sleep(1)
    })
  `)
})

test('children_that_a_close_cancels_are_no_unhandledRejection', async () => {
  await quiet(`
    await run(async (task) => {
      const event = new Event(task)
      task.spawn((child) => child.sleep(60_000))
      task.spawn((child) => child.until(new Promise(() => {})))
      task.spawn((child) => child.group((group) => { group.spawn((one) => event.wait(one)) }))
      task.spawn((child) => child.timeout(60_000, () => child.sleep(60_000)))
      task.spawn(async (child) => { try { await child.sleep(60_000) } finally { throw new Error() } })
      await task.sleep(1)
    })
  `)
})

test('waits_that_nobody_looks_at_and_that_are_cancelled_are_no_unhandledRejection', async () => {
  await quiet(`
    await run(async (task) => {
      const event = new Event(task)
      const lock = new Lock(task)
      const queue = new Queue(task)
      await lock.acquire(task)
      const bodies = [
        (child) => { child.sleep(60_000) },
        (child) => { event.wait(child) },
        (child) => { queue.get(child) },
        (child) => { lock.acquire(child) },
        async (child) => { await child.yield(); child.sleep(60_000) }
      ]
      const children = bodies.map((body) => task.spawn(body))
      await task.sleep(5)
      for (const child of children) child.cancel()
      await task.sleep(5)
      for (const body of bodies) task.spawn(body) // for the close
      await task.sleep(5)
    })
  `)
})

test('futures_that_are_rejected_and_nobody_looks_at_are_no_unhandledRejection', async () => {
  await quiet(`
    const runner = new Runner()
    const { loop } = runner
    await runner.run(async (task) => {
      const future = loop.createFuture()
      future.reject(new Error())
      loop.createFuture().cancel()
      const waits = loop.createFuture()
      task.spawn((child) => child.until(waits))
      await task.sleep(1)
      waits.reject(new Error())
      await task.sleep(1)
      gc()
    })
    await runner.close()
  `)
})

test('a_run_that_stalls_and_a_close_that_gives_up_leave_no_unhandledRejection', async () => {
  await quiet(`
    const error = await failure(run(async (task) => {
      const event = new Event(task)
      for (let i = 0; i < 3; i++) {
        task.spawn((child) => event.wait(child))
        task.spawn(async (child) => { await new Promise(() => {}) })
        task.spawn((child) => child.until(new Promise(() => {})))
        task.spawn(async (child) => { await task.spawn(() => new Promise(() => {})) })
      }
      await event.wait(task)
    }))
    say(error.name)
  `, ['StalledError'])
})

test('a_group_and_a_timeout_that_fail_leave_no_unhandledRejection', async () => {
  await quiet(`
    await run(async (task) => {
      say((await failure(task.group((group) => {
        for (let i = 0; i < 3; i++) group.spawn(() => { throw new Error() })
        group.spawn((child) => child.sleep(60_000))
        throw new Error()
      }))).name)
      say((await failure(task.timeout(1, () => task.sleep(60_000)))).name)
      say((await failure(task.timeout(1, () => task.group((group) => { group.spawn((child) => child.sleep(60_000)) })))).name)
      say((await failure(gather(task, [1, 2, 3].map(() => task.spawn(() => { throw new SyntaxError() }))))).name)
      say((await failure(task.until(task.spawn(() => { throw new SyntaxError() })))).name)
      say((await failure(task.until(task.spawn((child) => child.sleep(60_000)), { timeout: 1 }))).name)
    })
  `, ['GroupError', 'TimeoutError', 'TimeoutError', 'SyntaxError', 'SyntaxError', 'TimeoutError'])
})

test('a_wait_of_somebody_who_is_no_task_is_handled_by_him', async () => {
  await quiet(`
    let child
    const runner = new Runner()
    const done = runner.run(async (task) => {
      child = task.spawn(async (child) => { await child.sleep(5); throw new SyntaxError() })
      await wait(task, [child])
    })
    while (child === undefined) await elsewhere(1)
    say((await failure(child.then())).name)
    say(child.exception().name)
    await done
    await runner.close()
  `, ['SyntaxError', 'SyntaxError'])
})

// ---- errors that are not of the runner ----

test('an_error_of_a_callback_of_Node_is_an_uncaughtException_as_ever', async () => {
  await assertChild(`
    run(async (task) => {
      setTimeout(() => { throw new SyntaxError('mine') }, 1)
      await task.sleep(60_000)
    })
  `, [], { status: 1, errors: /SyntaxError: mine/ })
})

test('a_program_that_handles_it_goes_on', async () => {
  await assertChild(`
    process.on('uncaughtException', (error) => say(error.name))
    run(async (task) => {
      setTimeout(() => { throw new SyntaxError('mine') }, 1)
      await task.sleep(20)
      process.nextTick(() => { throw new RangeError() })
      queueMicrotask(() => { throw new EvalError() })
      await task.sleep(1)
      return 'over'
    }).then(say)
  `, ['SyntaxError', 'EvalError', 'RangeError', 'over'])
})

test('a_promise_of_the_program_that_nobody_handles_is_an_unhandledRejection_as_ever', async () => {
  await assertChild(`
    run(async (task) => {
      Promise.reject(new SyntaxError('mine'))
      await task.sleep(60_000)
    })
  `, [], { status: 1, errors: /SyntaxError: mine/ })
})

test('a_run_that_nobody_handles_ends_with_1', async () => {
  await assertChild(`run(() => { throw new SyntaxError('mine') })`, [], { status: 1, errors: /SyntaxError: mine/ })
  await assertChild(`await run(async (task) => { await task.sleep(1); throw new SyntaxError('mine') })`, [],
    { module: true, status: 1, errors: /SyntaxError: mine/ })
  await assertChild(`run(5)`, [], { status: 1, errors: /ERR_INVALID_ARG_TYPE/ })
})

test('what_waits_on_a_closed_runner_is_refused_although_nothing_else_goes_on', async () => {
  await assertChild(`
    const runner = new Runner()
    let task
    let event
    await runner.run((main) => { task = main; event = new Event(main) })
    await runner.close()
    for (const act of [() => task.sleep(1), () => task.yield(), () => event.wait(task), () => runner.run(() => {})]) {
      say((await failure(act())).name)
    }
  `, ['ClosedError', 'ClosedError', 'ClosedError', 'ClosedError'], { module: true })
})

// ---- process.exit ----

test('process_exit_in_a_task_ends_at_once', async () => {
  await assertChild(`
    process.on('exit', (code) => say('exit', code))
    run(async (task) => {
      task.spawn(async (child) => { try { await child.sleep(60_000) } finally { say('never') } })
      task.register(() => say('never'))
      try {
        await task.sleep(1)
        process.exit(7)
      } finally {
        say('never')
      }
    })
  `, ['exit 7'], { status: 7 })
})

test('process_exit_anywhere', async () => {
  const places = [
    'run(() => process.exit(3))',
    'run(async (task) => { await elsewhere(1); process.exit(3) })',
    'run(async (task) => { task.spawn(() => process.exit(3)); await task.sleep(60_000) })',
    'const runner = new Runner(); runner.run((task) => { runner.loop.callSoon(() => process.exit(3)); return task.sleep(60_000) })',
    'const runner = new Runner(); runner.run((task) => { runner.loop.callLater(1, () => process.exit(3)); return task.sleep(60_000) })',
    'run((task) => { task.register(async (closing) => { await closing.sleep(1); process.exit(3) }) })',
    'run((task) => { task.signal.onabort = () => process.exit(3); task.cancel(); return task.yield() })',
    'run((task) => { setTimeout(() => process.exit(3), 5); return task.until(new Promise(() => {})) })',
    'run((task) => { throw new Error() }).catch(() => process.exit(3))',
    'run((task) => { task.spawn(() => { throw new Error() }) }, { exceptionHandler: () => process.exit(3) })',
    'run((task) => task.sleep(60_000)); process.exit(3)',
    'run((task) => { process.exitCode = 3 })'
  ]
  for (const source of places) await assertChild(source, [], { status: 3, errors: /^$/ })
})

test('a_run_that_is_begun_in_an_exit_listener_hurts_nobody', async () => {
  await assertChild(`
    const runner = new Runner()
    runner.run((task) => task.sleep(1)).then(() => say('over'))
    process.on('exit', () => {
      runner.run((task) => say('not any more')).catch(() => {})
      new Runner().run((task) => task.sleep(1)).catch(() => {})
      runner.close().catch(() => {})
      runner.interrupt()
    })
  `, ['over'])
})

test('a_process_that_ends_with_an_open_runner_ends_well', async () => {
  await assertChild(`
    const runners = Array.from({ length: 5 }, () => new Runner())
    for (const runner of runners) runner.run((task) => { task.spawn((child) => child.sleep(60_000)); say('run') })
  `, Array(5).fill('run'))
})

test('an_error_that_ends_the_process_in_a_run_ends_it', async () => {
  await assertChild(`
    process.on('exit', (code) => say('exit', code))
    run(async (task) => {
      task.spawn(async (child) => { try { await child.sleep(60_000) } finally { say('never') } })
      await task.sleep(1)
      queueMicrotask(() => { throw new SyntaxError() })
      await task.sleep(60_000)
    })
  `, ['exit 1'], { status: 1, errors: /SyntaxError/ })
})

test('process_abort_and_a_kill_end_it', async () => {
  await assertChild('run((task) => { process.kill(process.pid, "SIGTERM"); return task.sleep(60_000) })', [], { signal: 'SIGTERM' })
  await assertChild('run((task) => { process.kill(process.pid, "SIGKILL"); return task.sleep(60_000) })', [], { signal: 'SIGKILL' })
})

// ---- Ctrl-C ----

const WAITS = `
async function main(task) {
  try {
    say('ready')
    await task.sleep(60_000)
  } finally {
    await task.sleep(5)
    say('cleaned up')
  }
}
`

test('R139_an_uncaught_KeyboardInterrupt_ends_with_1', async () => {
  await assertChild(`${WAITS} run(main)`, ['ready', 'cleaned up'], { signals: ['ready'], status: 1, errors: /KeyboardInterrupt/ })
})

test('runMain_dies_of_it_after_the_close', async () => {
  await assertChild(`${WAITS}
    process.on('exit', () => say('never'))
    runMain(async (task) => {
      task.register(async (closing) => { await closing.sleep(5); say('closed') })
      await main(task)
    })
  `, ['ready', 'cleaned up', 'closed'], { signals: ['ready'], signal: 'SIGINT' })
})

test('runMain_dies_as_a_shell_expects', async () => {
  await assertChild(`${WAITS}
    setTimeout(() => process.kill(process.pid, 'SIGINT'), 50)
    runMain(main)
  `, ['ready', 'cleaned up', 'status 130'], { shell: '"$@"; echo status $?' })
})

test('runMain_throws_it_where_the_program_listens_to_the_signal', async () => {
  await assertChild(`
    const alive = setInterval(() => {}, 1000)
    process.on('SIGINT', () => say('mine'))
    async function program() {
      say((await failure(runMain((task) => { throw new KeyboardInterrupt() }))).name)
      await elsewhere(20)
      clearInterval(alive)
    }
    program()
  `, ['KeyboardInterrupt', 'mine'])
})

test('runMain_gives_what_main_gives', async () => {
  await assertChild(`
    async function program() {
      say(await runMain(async (task) => { await task.sleep(1); return 42 }))
      say((await failure(runMain(() => { throw new TypeError() }))).name)
      say((await failure(runMain((task) => { throw new CancelledError() }))).name)
    }
    program()
  `, ['42', 'TypeError', 'CancelledError'])
})
