'use strict'

// SIGINT during a run: each in a process of its own.

const assert = require('node:assert')
const { test } = require('node:test')
const { child, assertChild } = require('./support/child')

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

test('R119_R121_R123_the_first_cancels_main_which_may_wait_while_it_cleans_up', async () => {
  await assertChild(`
    run(async (task) => {
      try {
        say('ready')
        await task.sleep(60_000)
      } catch (error) {
        say(error.name, isCancel(error), task.cancelling)
        throw error
      } finally {
        await task.sleep(5)
        say('cleaned up')
      }
    }).catch((error) => say(error.name, error.code, error.exitCode, error instanceof KeyboardInterrupt, error.cause.name))
  `, ['ready', 'CancelledError true 1', 'cleaned up', 'KeyboardInterrupt RUNNER_EINTR 130 true CancelledError'], { signals: ['ready'] })
})

test('R120_a_main_that_only_yields_is_cancelled', async () => {
  await assertChild(`
    run(async (task) => {
      say('ready')
      for (;;) await task.yield()
    }).catch((error) => say(error.name))
  `, ['ready', 'KeyboardInterrupt'], { signals: ['ready'] })
})

test('R122_main_is_told_at_its_next_wait', async () => {
  await assertChild(`
    run(async (task) => {
      say('ready')
      while (task.cancelling === 0) await elsewhere(1)
      say('told')
      try {
        await task.sleep(60_000)
      } catch (error) {
        say(error.name)
        throw error
      }
    }).catch((error) => say(error.name))
  `, ['ready', 'told', 'CancelledError', 'KeyboardInterrupt'], { signals: ['ready'] })
})

test('R122_main_that_returns_without_a_wait_was_interrupted', async () => {
  await assertChild(`
    run(async (task) => {
      say('ready')
      while (task.cancelling === 0) await elsewhere(1)
      return 42
    }).catch((error) => say(error.name))
  `, ['ready', 'KeyboardInterrupt'], { signals: ['ready'] })
})

test('R124_main_may_swallow_it', async () => {
  await assertChild(`
    run(async (task) => {
      say('ready')
      await task.sleep(60_000).catch(() => {})
      return 42
    }).then(say)
  `, ['ready', '42'], { signals: ['ready'] })
})

test('R125_main_may_make_an_error_of_it', async () => {
  await assertChild(`
    run(async (task) => {
      say('ready')
      await task.sleep(60_000).catch(() => { throw new SyntaxError() })
    }).catch((error) => say(error.name))
  `, ['ready', 'SyntaxError'], { signals: ['ready'] })
})

test('what_has_the_signal_of_main_is_aborted_at_once', async () => {
  await assertChild(`
    const { setTimeout } = require('node:timers/promises')
    run(async (task) => {
      say('ready')
      try {
        await setTimeout(60_000, null, { signal: task.signal })
      } catch (error) {
        say(error.name, isCancel(error))
        throw error
      }
    }).catch((error) => say(error.name))
  `, ['ready', 'AbortError true', 'KeyboardInterrupt'], { signals: ['ready'] })
})

test('R136_the_innermost_wait_is_cancelled_first', async () => {
  await assertChild(`
    run(async (task) => {
      const child = task.spawn(async (child) => {
        try {
          say('ready')
          await child.sleep(60_000)
        } finally {
          say('inner')
        }
      })
      try {
        await child
      } finally {
        say('outer')
      }
    }).catch((error) => say(error.name))
  `, ['ready', 'inner', 'outer', 'KeyboardInterrupt'], { signals: ['ready'] })
})

// ---- the second ----

test('R128_the_second_kills_a_cleanup_that_waits', async () => {
  await assertChild(`
    run(async (task) => {
      try {
        say('ready')
        await task.sleep(60_000)
      } finally {
        say('cleaning up')
        await task.sleep(60_000)
        say('never')
      }
    })
  `, ['ready', 'cleaning up'], { signals: ['ready', 'cleaning up'], signal: 'SIGINT' })
})

test('R129_the_second_kills_a_main_that_never_waits', async () => {
  await assertChild(`
    run(async (task) => {
      try {
        say('ready')
        await task.sleep(60_000)
      } finally {
        say('cleaning up')
        for (;;);
      }
    })
  `, ['ready', 'cleaning up'], { signals: ['ready', 'cleaning up'], signal: 'SIGINT' })
})

test('R129_two_kill_a_main_that_has_never_waited', async () => {
  await assertChild(`
    const taken = () => (BigInt('0x' + handled()) & 2n) === 2n
    run(async (task) => {
      say('ready')
      while (taken());
      say('taken')
      for (;;);
    })
  `, ['ready', 'taken'], { signals: ['ready', 'taken'], signal: 'SIGINT' })
})

test('R129_the_second_kills_a_child_that_never_waits', async () => {
  await assertChild(`
    run(async (task) => {
      task.spawn(async (child) => {
        say('ready')
        while (task.cancelling === 0) await child.sleep(1)
        say('first')
        for (;;);
      })
      try {
        await task.sleep(60_000)
      } finally {
        await task.sleep(60_000)
      }
    })
  `, ['ready', 'first'], { signals: ['ready', 'first'], signal: 'SIGINT' })
})

test('the_second_kills_when_main_has_swallowed_the_first', async () => {
  await assertChild(`
    run(async (task) => {
      say('ready')
      await task.sleep(60_000).catch(() => {})
      say('goes on')
      await task.sleep(60_000)
    })
  `, ['ready', 'goes on'], { signals: ['ready', 'goes on'], signal: 'SIGINT' })
})

test('the_second_kills_a_main_that_cannot_be_cancelled', async () => {
  await assertChild(`
    run(async (task) => {
      const alive = setInterval(() => {}, 1000)
      task.signal.addEventListener('abort', () => say('first'))
      say('ready')
      await new Promise(() => {})
      clearInterval(alive)
    })
  `, ['ready', 'first'], { signals: ['ready', 'first'], signal: 'SIGINT' })
})

// ---- whose it is ----

test('R133_every_run_can_be_interrupted', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner()
      const before = handled()
      for (let i = 1; i <= 3; i++) {
        const error = await failure(runner.run(async (task) => {
          say(i)
          await task.sleep(60_000)
        }))
        say(error.name, handled() === before)
      }
      await runner.close()
    }
    program()
  `, ['1', 'KeyboardInterrupt true', '2', 'KeyboardInterrupt true', '3', 'KeyboardInterrupt true'], { signals: ['1', '2', '3'] })
})

test('R131_between_two_runs_it_has_its_default_effect', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner()
      await runner.run((task) => task.sleep(1))
      say('ready')
      await elsewhere(60_000)
    }
    program()
  `, ['ready'], { signals: ['ready'], signal: 'SIGINT' })
})

test('R114_R131_what_Node_does_with_it_itself_comes_back_after_the_run', async () => {
  await assertChild(`
    async function program() {
      const before = handled()
      const runner = new Runner()
      say('created', handled() === before)
      for (let i = 0; i < 3; i++) {
        await runner.run((task) => { say('run', (BigInt('0x' + handled()) & 2n) === 2n) })
        say('over', handled() === before)
      }
      await failure(runner.run(() => { throw new Error() }))
      say('failed', handled() === before)
      await failure(runner.run(async () => { await elsewhere(5); await new Promise(() => {}) }))
      say('stalled', handled() === before)
      await failure(runner.close()) // of that main
      say('closed', handled() === before)
    }
    program()
  `, ['created true', 'run true', 'over true', 'run true', 'over true', 'run true', 'over true', 'failed true', 'stalled true', 'closed true'])
})

test('R131_the_handler_of_Node_itself_which_restores_the_terminal_comes_back_after_one_that_was_used', async () => {
  await assertChild(`
    const handles = () => (BigInt('0x' + handled()) & 2n) === 2n
    async function program() {
      say(handles())
      await failure(run(async (task) => {
        say('ready')
        await task.sleep(60_000).catch(() => say(handles())) // the next one kills
        throw new Error()
      }))
      say(handles())
    }
    program()
  `, ['true', 'ready', 'false', 'true'], { signals: ['ready'] })
})

test('R116_a_listener_of_the_program_is_left_alone', async () => {
  await assertChild(`
    async function program() {
      let got
      const mine = () => { say('mine'); got() }
      process.on('SIGINT', mine)
      const before = handled()
      say(await run(async (task) => {
        say('ready')
        const alive = setInterval(() => {}, 1000) // what listens to a signal does not hold a process
        await task.until(new Promise((resolve) => { got = resolve }))
        clearInterval(alive)
        return 42
      }))
      say(handled() === before, process.listeners('SIGINT').length, process.listeners('SIGINT')[0] === mine)
      process.off('SIGINT', mine)
    }
    program()
  `, ['ready', 'mine', '42', 'true 1 true'], { signals: ['ready'] })
})

test('R118_a_listener_that_is_set_in_the_run_has_it', async () => {
  await assertChild(`
    async function program() {
      say(await run(async (task) => {
        const alive = setInterval(() => {}, 1000)
        const got = new Promise((resolve) => process.once('SIGINT', resolve))
        say('ready')
        await task.until(got)
        clearInterval(alive)
        say('mine')
        await task.sleep(5)
        return 42
      }))
    }
    program()
  `, ['ready', 'mine', '42'], { signals: ['ready'] })
})

test('without_signals_it_kills_as_in_any_program', async () => {
  await assertChild(`const before = handled()
    ${WAITS}
    run((task) => { say(handled() === before); return main(task) }, { signals: false })
  `, ['true', 'ready'], { signals: ['ready'], signal: 'SIGINT' })
})

test('R115_the_first_of_two_runners_has_it', async () => {
  await assertChild(`
    let first = false
    async function program() {
      const before = handled()
      const both = [
        run(async (task) => {
          try {
            await task.sleep(60_000)
          } finally {
            say('first', task.cancelling)
            first = true
          }
        }),
        run(async (task) => {
          while (!first) await task.sleep(1)
          await task.sleep(10)
          say('second', task.cancelling)
          return 'second'
        })
      ]
      await elsewhere(20)
      say('ready')
      const ended = await Promise.allSettled(both)
      say(ended.map((one) => one.value ?? one.reason.name), handled() === before)
    }
    program()
  `, ['ready', 'first 1', 'second 0', 'KeyboardInterrupt,second true'], { signals: ['ready'] })
})

test('R115_a_runner_in_a_Worker_leaves_it_to_the_program', async () => {
  const worker = `
    const { parentPort } = require('node:worker_threads')
    run(async (task) => {
      parentPort.postMessage('ready')
      await task.sleep(60_000)
    })
  `
  await assertChild(`
    const { Worker } = require('node:worker_threads')
    const before = handled()
    new Worker(${JSON.stringify(worker)}, { eval: true })
      .on('message', () => { say(handled() === before); say('ready') })
  `, ['true', 'ready'], { signals: ['ready'], signal: 'SIGINT' })
})

// ---- the close ----

test('R132_the_first_in_a_close_ends_the_wait_for_tasks', async () => {
  await assertChild(`
    async function program() {
      const before = handled()
      const runner = new Runner()
      await runner.run(async (task) => {
        task.spawn(async (child) => {
          try {
            await child.sleep(60_000)
          } finally {
            say('stubborn')
            await child.sleep(60_000)
          }
        })
        await task.yield()
      })
      say((await failure(runner.close())).name, runner.closed, handled() === before)
    }
    program()
  `, ['stubborn', 'KeyboardInterrupt true true'], { signals: ['stubborn'] })
})

test('R132_the_second_in_a_close_kills', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner()
      await runner.run(async (task) => {
        task.spawn(async (child) => {
          try {
            await child.sleep(60_000)
          } finally {
            say('first')
            await child.sleep(60_000)
          }
        })
        task.register(async (closing) => {
          say('second')
          for (;;);
        })
        await task.yield()
      })
      await runner.close()
    }
    program()
  `, ['first', 'second'], { signals: ['first', 'second'], signal: 'SIGINT' })
})

// ---- how the process ends ----

test('R130_one_that_comes_once_main_is_done_is_not_lost', async () => {
  await assertChild(`
    run((task) => {
      task.spawn(() => { process.kill(process.pid, 'SIGINT') }) // in the last turn
      return 7
    }).then(() => elsewhere(50)).then(() => say('lost'))
  `, [], { signal: 'SIGINT' })
})

test('interrupt_does_what_the_signal_does', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner({ signals: false })
      say(runner.interrupt())
      const run = runner.run(async (task) => {
        try {
          await task.sleep(60_000)
        } finally {
          await task.sleep(1)
          say('cleaned up')
        }
      })
      await elsewhere(10)
      say(runner.interrupt())
      say((await failure(run)).name)
      say(runner.interrupt(), await runner.run((task) => task.sleep(1).then(() => 7)))
      await runner.close()
      say(runner.interrupt())
    }
    program()
  `, ['false', 'true', 'cleaned up', 'KeyboardInterrupt', 'false 7', 'false'])
})

test('R128_R134_the_second_interrupt_ends_the_run_and_the_close_cancels_main_again', async () => {
  await assertChild(`
    async function program() {
      const runner = new Runner()
      const run = runner.run(async (task) => {
        try {
          await task.sleep(60_000)
        } finally {
          say('cleaning up')
          try {
            await task.sleep(60_000)
          } finally {
            say('cancelled again')
          }
        }
      })
      await elsewhere(5)
      say(runner.interrupt())
      await elsewhere(5)
      say(runner.interrupt())
      say((await failure(run)).name, runner.running)
      await runner.run((task) => task.sleep(5))
      await runner.close()
    }
    program()
  `, ['true', 'cleaning up', 'true', 'KeyboardInterrupt false', 'cancelled again'])
})

test('a_signal_that_nobody_has_sent_does_not_keep_the_process', async () => {
  const { lines, status } = await child(`run((task) => { say('done') })`)
  assert.deepStrictEqual([lines, status], [['done'], 0])
})
