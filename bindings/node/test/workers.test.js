'use strict'

// Runners in Workers. A handle that is left open where a Worker ends would abort the whole process, so each
// test is a process of its own.

const { test } = require('node:test')
const { assertChild } = require('./support/child')

// What a program has that starts Workers: they find all names of the package, too.
const START = `
const { Worker } = require('node:worker_threads')

// Its messages and how it has ended.
function start(source, options) {
  const worker = new Worker('const { parentPort, workerData } = require("node:worker_threads")\\n' + source, { eval: true, ...options })
  const messages = []
  worker.on('message', (message) => messages.push(message))
  const ended = new Promise((resolve) => {
    let error
    worker.on('error', (one) => { error = one })
    worker.on('exit', (code) => resolve({ messages, code, error }))
  })
  return { worker, ended }
}

const ends = async (source, options) => {
  const { messages, code, error } = await start(source, options).ended
  say(...messages, code, error?.name ?? '')
}
`

// All that a Worker could be in the middle of.
const BUSY = `
  const fs = require('node:fs/promises')
  const timers = require('node:timers/promises')
  async function main(task) {
    const queue = new Queue(task, { maxSize: 2 })
    const event = new Event(task)
    const lock = new Lock(task)
    task.register(async (closing) => { await closing.sleep(1) })
    task.use({ [Symbol.asyncDispose]: () => new Promise(() => {}) })
    task.spawn(async (child) => { for (let i = 0; ; i++) await queue.put(child, i) })
    task.spawn(async (child) => { for (;;) { await queue.get(child); await child.sleep(Math.random()) } })
    task.spawn(async (child) => { for (;;) { await child.yield(); await elsewhere(1) } })
    task.spawn(async (child) => { for (;;) await child.until(fs.stat(__filename).catch(() => {})) })
    task.spawn(async (child) => { for (;;) { await fs.readdir('/').catch(() => {}); await child.sleep(0.1) } })
    task.spawn((child) => timers.setTimeout(60_000, null, { signal: child.signal }))
    task.spawn(async (child) => { for (;;) { await child.timeout(1, () => event.wait(child)).catch(() => {}) } })
    task.spawn(async (child) => { for (;;) await lock.with(child, () => child.sleep(0.2)) })
    task.spawn(async (child) => {
      for (;;) {
        await child.group((group) => {
          for (let i = 0; i < 5; i++) group.spawn((one) => one.sleep(Math.random()))
          group.spawn(() => { throw new Error() })
        }).catch(() => {})
        const tasks = [1, 2, 3].map((ms) => child.spawn((one) => one.sleep(ms)))
        tasks[1].cancel()
        await gather(child, tasks, { returnExceptions: true })
      }
    })
    for (let i = 0; i < 20; i++) task.spawn((child) => event.wait(child)) // for ever
    await task.until(new Promise(() => {}))
  }
  const left = new Runner()
  left.run((task) => { task.spawn((child) => child.sleep(60_000)) })
  for (let i = 0; i < 3; i++) run(main).catch(() => {})
  const again = async () => { for (;;) await run((task) => { task.spawn((child) => child.sleep(5)); return task.sleep(0.3) }) }
  again()
  setImmediate(() => parentPort.postMessage('busy'))
`

test('each_has_runners_of_its_own', async () => {
  await assertChild(`${START}
    async function program() {
      const one = \`
        run(async (task) => {
          await task.sleep(workerData)
          return (await Promise.all([3, 1, 2].map((ms) => task.spawn((child) => child.sleep(ms).then(() => ms))))).join()
        }).then((value) => parentPort.postMessage(value))\`
      const workers = [5, 1, 3, 2].map((workerData) => start(one, { workerData }).ended)
      say(await run(async (task) => { await task.sleep(10); return 'main' }))
      for (const worker of workers) say((await worker).messages, (await worker).code)
    }
    program()
  `, ['main', '3,1,2 0', '3,1,2 0', '3,1,2 0', '3,1,2 0'])
})

test('one_that_ends_with_open_runners_ends_well', async () => {
  await assertChild(`${START}
    async function program() {
      await ends('new Runner().loop')
      await ends('new Runner().run((task) => { task.spawn((child) => child.sleep(60_000)); parentPort.postMessage("run") })')
      await ends('const runner = new Runner(); runner.run(() => {}).then(() => runner.run((task) => task.sleep(1))).then(() => parentPort.postMessage("two"))')
      await ends('for (let i = 0; i < 20; i++) new Runner().loop.callLater(60_000, () => {})')
      await ends('const { loop } = new Runner(); loop.hold(); loop.createFuture()')
      await ends('new Runner({ loopFactory: testLoop }).run((task) => task.sleep(1e9)).then(() => parentPort.postMessage("virtual"))')
      say('over')
    }
    program()
  `, ['0 ', 'run 0 ', 'two 0 ', '0 ', '0 ', 'virtual 0 ', 'over'])
})

test('one_that_ends_in_a_run_ends_well', async () => {
  await assertChild(`${START}
    async function program() {
      await ends('run((task) => { process.exit(3) })')
      await ends('run(async (task) => { task.spawn((child) => child.sleep(60_000)); await task.sleep(1); process.exit(4) })')
      await ends('run(async (task) => { setTimeout(() => { throw new SyntaxError() }, 1); await task.sleep(60_000) })')
      await ends('run((task) => { task.register(() => process.exit(5)) })')
      await ends('run((task) => new Event(task).wait(task))')
      await ends('const runner = new Runner(); runner.run((task) => { runner.loop.callSoon(() => process.exit(6)); return task.sleep(60_000) })')
      say('over')
    }
    program()
  `, ['3 ', '4 ', '1 SyntaxError', '5 ', '1 StalledError', '6 ', 'over'])
})

test('a_runner_that_is_used_in_an_exit_listener_hurts_nobody', async () => {
  await assertChild(`${START}
    async function program() {
      await ends(\`
        const runner = new Runner()
        runner.run((task) => { task.spawn((child) => child.sleep(60_000)); parentPort.postMessage('run') })
        process.on('exit', () => {
          runner.close().catch(() => {})
          new Runner().run((task) => task.sleep(1)).catch(() => {})
          new Runner().loop.callLater(1, () => {})
          runner.interrupt()
        })\`)
      say('over')
    }
    program()
  `, ['run 0 ', 'over'])
})

test('one_that_never_comes_back_can_be_terminated', async () => {
  await assertChild(`${START}
    async function program() {
      const { worker, ended } = start('run(async (task) => { await task.sleep(1); parentPort.postMessage("busy"); for (;;); })')
      worker.once('message', () => worker.terminate())
      say((await ended).code)
      const other = start('run(async (task) => { parentPort.postMessage("busy"); for (;;) await task.yield() })')
      other.worker.once('message', () => other.worker.terminate())
      say((await other.ended).code)
    }
    program()
  `, ['1', '1'])
})

test('the_main_thread_goes_on_while_others_are_terminated', async () => {
  await assertChild(`${START}
    run(async (task) => {
      let beats = 0
      task.spawn(async (child) => { for (;;) { await child.sleep(1); beats++ } })
      for (let i = 0; i < 5; i++) {
        const { worker, ended } = start(${JSON.stringify(BUSY)})
        await task.until(new Promise((resolve) => worker.once('message', resolve)))
        await task.until(worker.terminate())
        await task.until(ended)
      }
      say(beats > 5)
    })
  `, ['true'])
})

test('many_that_are_terminated_at_random_moments', async () => {
  const count = Number(process.env.TEST_WORKERS ?? 180)
  await assertChild(`${START}
    let ended = 0
    let busy = 0
    async function one(i) {
      const { worker, ended: end } = start(${JSON.stringify(BUSY)})
      const ready = new Promise((resolve) => worker.once('message', () => { busy++; resolve() }))
      if (i % 3 === 0) await elsewhere(Math.random() * 60) // while it starts
      else await Promise.race([ready.then(() => elsewhere(Math.random() * 15)), end])
      if (i % 2 === 0) await worker.terminate()
      else worker.terminate()
      const { error } = await end
      if (error !== undefined) say(error.stack)
      ended++
    }
    async function program() {
      let next = 0
      const some = async () => { while (next < ${count}) await one(next++) }
      await Promise.all(Array.from({ length: 6 }, some))
      say(ended, busy >= ${count} / 2)
    }
    program()
  `, [`${count} true`], { limit: 110_000 })
})
