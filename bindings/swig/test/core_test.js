// node --expose-gc core_test.js FILE.node
// What the layer for Node has to rely on: values, refusals and memory.
'use strict'
const assert = require('node:assert')
const { Worker, isMainThread } = require('node:worker_threads')
const C = require(require('node:path').resolve(process.argv[2]))

let passed = 0
let failed = 0

function test(name, body) {
  try {
    body()
    passed++
  } catch (error) {
    failed++
    console.log(`FAILED  node: ${name}\n${String(error.stack).replace(/^/gm, '    ')}`)
  }
}

const type = { name: 'TypeError' }
const range = { name: 'RangeError' }

function newRunner(options = {}) {
  const [code, runner] = C.runner_new(options)
  assert.strictEqual(code, 0)
  return runner
}

// Runs main, and what it spawns: functions that take an event, and return a command.
class Driver {
  constructor(options) {
    this.runner = newRunner(options)
    this.events = C.core_events_new(8)
    this.commands = C.core_commands_new(8)
    this.bodies = new Map()
    this.told = []
  }

  run(...main) {
    const [code, id] = C.runner_begin(this.runner, 0)
    assert.strictEqual(code, 0)
    this.bodies.set(id, main)
    const outcome = this.drive()
    this.command(0, C.RUNNER_HOST_RELEASE, { id })
    return outcome
  }

  close() {
    assert.strictEqual(C.runner_begin_close(this.runner), 0)
    return this.drive()
  }

  command(task, op, { status = 0, id = 0, a = 0, b = 0 } = {}) {
    return C.runner_command(this.runner, task, op, status, id, a, b)
  }

  spawn(parent, body, group = 0) {
    const [code, id] = this.command(parent, C.RUNNER_HOST_SPAWN, { a: group })
    assert.strictEqual(code, 0)
    this.bodies.set(id, body)
    return id
  }

  drive() {
    for (;;) {
      const [code, count, wait] = C.runner_step(this.runner, this.commands, this.events)
      assert.strictEqual(code, 0)
      C.core_commands_clear(this.commands)
      for (let i = 0; i < count; i++) {
        const kind = C.core_event_kind(this.events, i)
        if (kind === C.RUNNER_HOST_END) return C.runner_end(this.runner)
        this.handle(kind, i)
      }
      if (count === 0 && wait !== 0) assert.strictEqual(C.runner_backend_wait(this.runner, wait), 0)
    }
  }

  handle(kind, i) {
    const status = C.core_event_status(this.events, i)
    if (kind === C.RUNNER_HOST_START || kind === C.RUNNER_HOST_RESUME) {
      const task = C.core_event_task(this.events, i)
      const never = kind === C.RUNNER_HOST_START && status !== 0
      const body = never ? undefined : this.bodies.get(task).shift()
      const value = C.core_event_value(this.events, i)
      const made = body?.(task, status, value) ?? { how: body ? 0 : status }
      if (made.parked) return
      const { op = C.RUNNER_HOST_DONE, id = 0, a = 0, b = 0, how = 0 } = made
      const flags = op === C.RUNNER_HOST_DONE ? 0 : C.RUNNER_HOST_SUSPENDED
      assert.strictEqual(C.core_commands_add(this.commands, task, op + flags, how, id, a, b), 0)
    } else if (kind === C.RUNNER_HOST_EXCEPTION) {
      this.told.push(C.runner_host_exception(this.runner))
    }
  }
}

const sleeping = (a) => () => ({ op: C.RUNNER_HOST_SLEEP, a })
const failing = (b) => () => ({ how: C.RUNNER_EUSER, b })
const ending = (b) => () => ({ b })
const virtual = { clock: C.RUNNER_CLOCK_VIRTUAL }

test('numbers that do not fit are refused', () => {
  const r = newRunner()
  const refused = (error, call, ...values) => {
    for (const value of values) assert.throws(() => call(value), error, String(value))
  }
  refused(type, C.runner_strerror, '1', null, undefined, {}, 1n)
  refused(range, C.runner_strerror, 1.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1)
  refused(range, (v) => C.runner_host_post(r, v), -1, 2 ** 53, 2n ** 64n, -1n, 0.5)
  refused(range, (v) => C.runner_backend_wait(r, v), 2 ** 53, -(2 ** 53), 2n ** 63n)
  assert.throws(() => C.core_events_new(2 ** 40), range)
  assert.throws(() => C.runner_reserve(r, -1), range)
  assert.throws(() => C.runner_strerror())
})

test('handles of another kind are refused', () => {
  for (const v of [null, {}, 1, C.core_events_new(1)]) assert.throws(() => C.runner_wakeup(v), type)
  assert.throws(() => C.runner_step(newRunner(), C.core_events_new(1), C.core_events_new(1)), type)
  assert.throws(() => C.runner_step(newRunner(), null, null), type)
})

test('64 bits there and back, as Number where it holds them', () => {
  const d = new Driver()
  for (const value of [0, 1, 2 ** 53 - 1, 2n ** 53n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n]) {
    const [code, id] = d.command(0, C.RUNNER_HOST_FUTURE_NEW)
    assert.strictEqual(code, 0)
    assert.strictEqual(d.command(0, C.RUNNER_HOST_RESOLVE, { id, b: value })[0], 0)
    assert.deepStrictEqual(d.command(0, C.RUNNER_HOST_RESULT, { id }), [0, id, 0, value])
    assert.deepStrictEqual(d.command(0, C.RUNNER_HOST_RELEASE, { id: BigInt(id) })[0], 0)
  }
  assert.strictEqual(C.runner_host_count(d.runner), 0)
})

test('options by name', () => {
  assert.strictEqual(C.runner_debug(newRunner({ debug: C.RUNNER_ON })), 1)
  assert.strictEqual(C.runner_new(null)[0], 0)
  assert.deepStrictEqual(C.runner_new({ debug: 2 }), [C.RUNNER_EINVAL, null])
  assert.throws(() => C.runner_new({ loop_arg: 1 }), { name: 'TypeError', message: /loop_arg/ })
  assert.throws(() => C.runner_new({ debug: true }), type)
  assert.throws(() => C.runner_new({ poll_interval: -1 }), range)
  const thrown = { get debug() { throw new SyntaxError('of a getter') } }
  assert.throws(() => C.runner_new(thrown), { name: 'SyntaxError' })
})

test('R025 a run with children', () => {
  const d = new Driver(virtual)
  const got = []
  const code = d.run(
    (task) => ({ op: C.RUNNER_HOST_AWAIT, id: d.spawn(task, [sleeping(3.6e12), ending(2 ** 40)]) }),
    (task, status, value) => { got.push(status, value) }
  )
  assert.strictEqual(code, 0)
  assert.deepStrictEqual(got, [0, 2 ** 40])
  assert.strictEqual(C.runner_time_ns(d.runner), 3.6e12)
  assert.strictEqual(d.close(), 0)
  assert.strictEqual(C.runner_is_closed(d.runner), 1)
  C.runner_free(d.runner)
})

test('R158 errors of a group, gather and wait', () => {
  const d = new Driver(virtual)
  const group = d.command(0, C.RUNNER_HOST_GROUP_NEW)[1]
  let a, b
  const code = d.run(
    (task) => {
      assert.strictEqual(d.command(task, C.RUNNER_HOST_GROUP_OPEN, { id: group })[0], 0)
      b = d.spawn(task, [sleeping(10), failing(1)], group)
      a = d.spawn(task, [failing(1)], group)
      return { op: C.RUNNER_HOST_GROUP_CLOSE, id: group }
    },
    (task, status) => {
      assert.strictEqual(status, C.RUNNER_EGROUP)
      const errors = [[a, C.RUNNER_EUSER], [b, C.RUNNER_EUSER]]
      assert.deepStrictEqual(C.runner_host_errors(d.runner, group, 1), [0, 2, errors.slice(0, 1)])
      assert.deepStrictEqual(C.runner_host_errors(d.runner, group, 9), [0, 2, errors])
      const ids = [d.spawn(task, [sleeping(1), ending(5)]), d.spawn(task, [sleeping(2), ending(6)])]
      const first = C.RUNNER_FIRST_COMPLETED
      const waits = C.runner_host_wait(d.runner, task, ids, first, C.RUNNER_HOST_FOREVER)
      assert.strictEqual(waits, C.RUNNER_EPARKED)
      assert.strictEqual(C.runner_tasks(d.runner, 2)[2].length, 2)
      assert.deepStrictEqual(C.runner_tasks(d.runner, 9)[2].map((t) => t[5]), ['wait', null, null])
      const [gathered, all] = C.runner_host_gather(d.runner, ids, 0)
      assert.strictEqual(gathered, 0)
      assert.strictEqual(d.command(0, C.RUNNER_HOST_RELEASE, { id: all })[0], 0)
      return { parked: true }
    },
    (task, status) => { assert.strictEqual(status, 0) }
  )
  assert.strictEqual(code, 0)
  assert.throws(() => C.runner_host_gather(d.runner, [1, null], 0), type)
  assert.throws(() => C.runner_host_gather(d.runner, 1, 0), type)
})

test('R093 exceptions, names and the report', () => {
  const d = new Driver({ ...virtual, cancel_grace_ms: 10 })
  d.run((task) => {
    const child = d.spawn(task, [failing(7)])
    assert.strictEqual(C.runner_host_name(d.runner, child, 'Grüße'), 0)
    d.command(0, C.RUNNER_HOST_RELEASE, { id: child })
    d.spawn(task, [sleeping(1e12), sleeping(1e12)])
    return sleeping(10)()
  })
  assert.strictEqual(d.told.length, 1)
  const [code, [message, name, , , value, , error]] = d.told[0]
  assert.deepStrictEqual([code, name, value, error], [0, 'Grüße', 7, C.RUNNER_EUSER])
  assert.match(message, /./)
  assert.deepStrictEqual(C.runner_host_exception(d.runner), [C.RUNNER_EEND, null])
  assert.strictEqual(C.runner_report_count(d.runner, 0), 0)
  assert.strictEqual(d.close(), C.RUNNER_ETIMEDOUT)
  assert.strictEqual(C.runner_report_count(d.runner, C.RUNNER_REPORT_ABANDONED), 1)
  assert.strictEqual(C.runner_report_get(d.runner, 0)[1][0], C.RUNNER_REPORT_ABANDONED)
  assert.deepStrictEqual(C.runner_report_get(d.runner, 99), [C.RUNNER_EINVAL, null])
  assert.throws(() => C.runner_host_name(d.runner, 1, 'a\0b'), type)
  assert.throws(() => C.runner_host_name(d.runner, 1, 2), type)
})

test('a freed runner is refused', () => {
  const r = newRunner()
  C.runner_free(r)
  C.runner_free(r)
  assert.strictEqual(C.runner_is_closed(r), 1)
  assert.strictEqual(C.runner_wakeup(r), C.RUNNER_EINVAL)
  assert.deepStrictEqual(C.runner_step(r, null, C.core_events_new(1)), [C.RUNNER_EINVAL, 0, 0])
})

test('buffers', () => {
  assert.strictEqual(C.core_event_kind(C.core_events_new(2), 2), C.RUNNER_HOST_NONE)
  const commands = C.core_commands_new(1)
  assert.strictEqual(C.core_commands_add(commands, 0, C.RUNNER_HOST_FUTURE_NEW, 0, 0, 0, 0), 0)
  assert.strictEqual(C.core_commands_add(commands, 0, 0, 0, 0, 0, 0), C.RUNNER_EFULL)
  const r = newRunner()
  assert.strictEqual(C.runner_commands(r, commands), 0)
  assert.strictEqual(C.core_command_status(commands, 0), 0)
  assert.strictEqual(C.core_command_status(commands, 1), C.RUNNER_EINVAL)
  const id = C.core_command_id(commands, 0)
  assert.strictEqual(C.runner_command(r, 0, C.RUNNER_HOST_RELEASE, 0, id, 0, 0)[0], 0)
  const [code, ids] = C.runner_reserve(r, 3)
  assert.deepStrictEqual([code, new Set(ids).size], [0, 3])
})

test('events outlive the handle of their buffer', () => {
  const r = newRunner(virtual)
  const main = C.runner_begin(r, 0)[1]
  assert.strictEqual(C.runner_step(r, null, C.core_events_new(4))[1], 1)
  globalThis.gc?.()
  // Writes into the batch that nobody can read any more.
  assert.strictEqual(C.runner_command(r, 0, C.RUNNER_HOST_CANCEL, 0, main, 0, 0)[0], 0)
  const commands = C.core_commands_new(1)
  C.core_commands_add(commands, main, C.RUNNER_HOST_DONE, 0, 0, 0, 0)
  assert.strictEqual(C.runner_step(r, commands, C.core_events_new(4))[0], 0)
  C.runner_end(r)
})

test('constants', () => {
  assert.strictEqual(C.RUNNER_HOST_SUSPENDED, 0x80000000)
  assert.strictEqual(C.RUNNER_HOST_FOREVER, 2n ** 63n - 1n)
  assert.deepStrictEqual([C.RUNNER_FOREVER, C.RUNNER_NO_WAIT], [2n ** 64n - 1n, 2n ** 64n - 2n])
  const { RUNNER_VERSION_MAJOR: major, RUNNER_VERSION_MINOR: minor, RUNNER_VERSION_PATCH: patch } = C
  assert.strictEqual(C.runner_abi_version(), (major << 16) | (minor << 8) | patch)
  assert.strictEqual(C.runner_error_name(C.RUNNER_ECANCELED), 'RUNNER_ECANCELED')
})

if (!isMainThread) {
  if (failed > 0) process.exit(1)
} else {
  // Once more in a thread of its own, with another copy of everything.
  const worker = new Worker(__filename, { argv: process.argv.slice(2) })
  worker.on('exit', (code) => {
    test('in a worker', () => assert.strictEqual(code, 0))
    console.log(`node: ${passed} passed, ${failed} failed`)
    process.exitCode = failed === 0 ? 0 : 1
  })
}
