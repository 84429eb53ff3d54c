'use strict'

// What the close of a runner has found.

const assert = require('node:assert')
const { Runner, testLoop, TimeoutError, StalledError } = require('..')
const { test, rejected, untilCancelled, immediate } = require('./support/virtual')

const quiet = () => {}
const made = (options) => new Runner({ loopFactory: testLoop, exceptionHandler: quiet, ...options })
const kinds = (runner) => runner.report.map((entry) => entry.kind)

test('before_any_use_and_while_it_runs_there_is_nothing', async () => {
  const runner = made()
  assert.deepStrictEqual(runner.report, [])
  await runner.run(() => assert.deepStrictEqual(runner.report, []))
  await runner.close()
  assert.deepStrictEqual(runner.report, [])
})

test('R079_R083_tasks_that_were_cancelled', async () => {
  const runner = made()
  await runner.run(async (task) => {
    for (const name of ['a', 'b', undefined]) task.spawn((me) => me.sleep(Infinity), { name })
    await task.yield()
  })
  await runner.close()
  assert.deepStrictEqual(kinds(runner), ['cancelled', 'cancelled', 'cancelled'])
  assert.deepStrictEqual(runner.report.map((it) => it.name), ['a', 'b', 'Task-4'])
  assert.deepStrictEqual(runner.report.map((it) => it.id), [2, 3, 4])
  assert.deepStrictEqual(runner.report.map(String), ['cancelled a', 'cancelled b', 'cancelled Task-4'])
})

test('R081_R089_tasks_that_fail_or_refuse', async () => {
  const runner = made()
  await runner.run(async (task) => {
    task.spawn((me) => untilCancelled(me, () => { throw new Error('mine') }), { name: 'fails' })
    task.spawn((me) => me.sleep(Infinity).catch(() => 1), { name: 'refuses' })
    await task.yield()
  })
  await runner.close()
  const found = new Map(runner.report.map((entry) => [entry.name, entry]))
  assert.deepStrictEqual([found.get('fails').kind, found.get('fails').code], ['failed', 'RUNNER_EUSER'])
  assert.deepStrictEqual([found.get('refuses').kind, found.get('refuses').code], ['refused', undefined])
  assert.strictEqual(String(found.get('refuses')), 'refused refuses')
})

test('R085_a_task_that_was_given_up', async () => {
  const runner = made({ cancelGrace: 50 })
  await runner.run(async (task) => {
    task.spawn(async (me) => { for (;;) await me.sleep(1000).catch(quiet) }, { name: 'stubborn' })
    await task.yield()
  })
  await rejected(runner.close(), TimeoutError)
  assert.strictEqual(runner.closed, true)
  const entry = runner.report.find((it) => it.kind === 'abandoned')
  assert.deepStrictEqual([entry.name, entry.waits], ['stubborn', 'sleep'])
  assert.match(String(entry), /^abandoned stubborn, waits for sleep/)
})

test('R084_a_closable_that_fails', async () => {
  const runner = made()
  await runner.run((task) => { task.register(() => { throw new Error('mine') }, { name: 'connection' }) })
  await runner.close()
  assert.deepStrictEqual(runner.report.map((it) => [it.kind, it.name]), [['closable', 'connection']])
})

test('a_deadlock_is_told_with_its_chain', async () => {
  const runner = made()
  await runner.run(async (task) => {
    const stuck = task.spawn((me) => me.sleep(Infinity).catch(() => me.until(runner.loop.createFuture())), { name: 'stuck' })
    task.spawn((me) => me.sleep(Infinity).catch(() => me.until(stuck)), { name: 'waiting' })
    await task.yield()
  })
  await rejected(runner.close(), StalledError)
  const entry = runner.report.find((it) => it.kind === 'deadlock')
  assert.ok(entry !== undefined, runner.report.join())
  assert.ok(entry.name.includes('future'), entry.name)
  assert.strictEqual(String(entry), `deadlock ${entry.name}`)
})

test('R043_a_report_after_the_error_of_the_run', async () => {
  const runner = made({ cancelGrace: 10 })
  const error = new Error('mine')
  await rejected(runner.run(async (task) => {
    task.spawn(async (me) => { for (;;) await me.sleep(1000).catch(quiet) })
    await task.yield()
    throw error
  }), error)
  await rejected(runner.close(), TimeoutError)
  assert.ok(kinds(runner).includes('abandoned'))
})

test('one_that_is_astray_is_told_with_what_is_known_of_it', async () => {
  const runner = new Runner({ cancelGrace: 5, exceptionHandler: quiet })
  await runner.run(async (task) => {
    task.spawn(() => new Promise(quiet), { name: 'away' })
    await task.yield()
  })
  const alive = setInterval(quiet, 1000)
  await rejected(runner.close(), TimeoutError)
  clearInterval(alive)
  assert.deepStrictEqual(runner.report.filter((it) => it.kind === 'abandoned').map((it) => it.name), ['away'])
})

test('a_report_is_there_once_the_close_is_over_and_stays', async () => {
  const runner = made()
  await runner.run(async (task) => { task.spawn((me) => me.sleep(Infinity)); await task.yield() })
  const closing = runner.close()
  await closing
  assert.deepStrictEqual(kinds(runner), ['cancelled'])
  await runner.close()
  await immediate()
  assert.deepStrictEqual(kinds(runner), ['cancelled'])
})

test('a_task_that_failed_and_nobody_asked_stands_in_it', async () => {
  const runner = made()
  const [kept] = await runner.run(async (task) => {
    const child = task.spawn(() => { throw new Error('mine') }, { name: 'lost' })
    await task.yield()
    return [child]
  })
  await runner.close()
  assert.deepStrictEqual(runner.report.map((it) => [it.kind, it.name]), [['failed', 'lost']])
  assert.strictEqual(kept.exception().message, 'mine')
})
