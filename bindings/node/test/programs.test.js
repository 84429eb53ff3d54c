'use strict'

// Programs as they are, that know nothing of tasks: all of them at once in one run, beside a task that beats.

const assert = require('node:assert')
const { test } = require('node:test')
const childProcess = require('node:child_process')
const crypto = require('node:crypto')
const dns = require('node:dns/promises')
const { once, on, EventEmitter } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const readline = require('node:readline')
const { Readable, Transform, PassThrough } = require('node:stream')
const { pipeline } = require('node:stream/promises')
const timers = require('node:timers/promises')
const { promisify } = require('node:util')
const { Worker, MessageChannel } = require('node:worker_threads')
const zlib = require('node:zlib')
const { run, gather, wait, isCancel, TimeoutError, CancelledError } = require('..')

const numbers = (count) => Array.from({ length: count }, (_, i) => i)

// Runs it beside a server, which is closed afterwards.
async function serving(server, use) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await use(server.address().port)
  } finally {
    server.closeAllConnections?.()
    server.close()
    await once(server, 'close')
  }
}

const PROGRAMS = {
  async http_and_fetch(task) {
    const server = http.createServer((request, response) => {
      if (request.url === '/never') return
      setTimeout(() => response.end(`you asked for ${request.url}`), 5)
    })
    await serving(server, async (port) => {
      const ask = (i) => task.spawn(async (child) => {
        const response = await fetch(`http://127.0.0.1:${port}/${i}`, { signal: child.signal })
        return response.text()
      })
      assert.deepStrictEqual(await gather(task, numbers(10).map(ask)), numbers(10).map((i) => `you asked for /${i}`))
      await assert.rejects(task.timeout(20, () => task.until(fetch(`http://127.0.0.1:${port}/never`))), TimeoutError)
      const child = task.spawn(async (child) => {
        try {
          await fetch(`http://127.0.0.1:${port}/never`, { signal: child.signal })
        } catch (error) {
          assert.ok(isCancel(error), String(error))
          throw error
        }
      })
      await task.sleep(10)
      child.cancel()
      await assert.rejects(child.then(), CancelledError)
    })
  },

  async echo(task) {
    const server = net.createServer((socket) => socket.pipe(socket))
    await serving(server, (port) => task.group((group) => {
      for (const i of numbers(20)) {
        group.spawn(async (child) => {
          const socket = net.connect(port, '127.0.0.1')
          try {
            await once(socket, 'connect')
            for (const n of numbers(10)) {
              socket.write(`${i} ${n}\n`)
              assert.strictEqual(String((await once(socket, 'data'))[0]), `${i} ${n}\n`)
              await child.sleep(1)
            }
          } finally {
            socket.on('error', () => {}).destroy()
          }
        })
      }
    }))
  },

  async streams(task) {
    const upper = new Transform({ transform(chunk, encoding, done) { done(null, String(chunk).toUpperCase()) } })
    const sink = new PassThrough()
    const reading = task.spawn(async () => {
      let text = ''
      for await (const chunk of sink) text += chunk
      return text
    })
    async function * source() {
      for (const i of numbers(20)) {
        await timers.setTimeout(1)
        yield `line ${i}\n`
      }
    }
    await task.until(pipeline(source, upper, sink))
    assert.strictEqual(await reading, numbers(20).map((i) => `LINE ${i}\n`).join(''))
    const packed = await task.until(promisify(zlib.gzip)('text'.repeat(1000)))
    assert.strictEqual(String(await task.until(promisify(zlib.gunzip)(packed))), 'text'.repeat(1000))
    const child = task.spawn((child) => pipeline(Readable.from((async function * () { for (;;) { await timers.setImmediate(); yield 'x' } })()),
      new PassThrough(), async (all) => { for await (const one of all) void one }, { signal: child.signal }))
    await task.sleep(5)
    child.cancel()
    await assert.rejects(child.then(), CancelledError)
  },

  async processes(task) {
    const execFile = promisify(childProcess.execFile)
    await task.group((group) => {
      for (const i of numbers(5)) {
        group.spawn(async (child) => {
          assert.strictEqual((await child.until(execFile('/bin/echo', [String(i)]))).stdout, `${i}\n`)
          const tr = childProcess.spawn('tr', ['a-z', 'A-Z'], { stdio: ['pipe', 'pipe', 'ignore'] })
          tr.stdin.end('text')
          const [[out]] = await Promise.all([once(tr.stdout, 'data'), once(tr, 'close')])
          assert.strictEqual(String(out), 'TEXT')
          const failed = childProcess.spawn('/bin/sh', ['-c', `exit ${i}`])
          assert.strictEqual((await child.until(once(failed, 'exit')))[0], i)
        })
      }
    })
    const sleeping = task.spawn((child) => execFile('/bin/sleep', ['60'], { signal: child.signal }))
    await task.sleep(10)
    sleeping.cancel()
    await assert.rejects(sleeping.then(), CancelledError)
  },

  async files(task) {
    const folder = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'runner-'))
    try {
      await task.group((group) => {
        for (const i of numbers(10)) {
          group.spawn(async (child) => {
            const file = path.join(folder, String(i))
            await child.until(fs.promises.writeFile(file, 'x'.repeat(i * 1000)))
            assert.strictEqual((await fs.promises.readFile(file, 'utf8')).length, i * 1000)
            const handle = await fs.promises.open(file)
            child.use(handle) // is closed with the runner, once more
            try {
              assert.strictEqual((await handle.stat()).size, i * 1000)
            } finally {
              await handle.close()
            }
          })
        }
      })
      assert.strictEqual((await task.until(fs.promises.readdir(folder))).length, 10)
    } finally {
      await fs.promises.rm(folder, { recursive: true })
    }
  },

  async workers(task) {
    const source = `require('node:worker_threads').parentPort.once('message', (n) => require('node:worker_threads').parentPort.postMessage(n * 2))`
    await task.group((group) => {
      for (const i of numbers(2)) {
        group.spawn(async (child) => {
          const worker = new Worker(source, { eval: true, execArgv: [] })
          const exit = once(worker, 'exit')
          worker.postMessage(i)
          assert.strictEqual((await child.until(once(worker, 'message')))[0], i * 2)
          await child.until(exit)
        })
      }
    })
    const { port1, port2 } = new MessageChannel()
    port1.postMessage('hello')
    assert.strictEqual((await task.until(once(port2, 'message')))[0], 'hello')
    port1.close()
  },

  async timers(task) {
    assert.strictEqual(await timers.setTimeout(5, 'value', { signal: task.signal }), 'value')
    let ticks = 0
    for await (const tick of timers.setInterval(1, 1)) if ((ticks += tick) === 5) break
    const child = task.spawn(async (child) => {
      try {
        await timers.setTimeout(60_000, null, { signal: child.signal })
      } catch (error) {
        assert.strictEqual(error.name, 'AbortError')
        assert.ok(isCancel(error))
        throw error
      }
    })
    await task.sleep(1)
    child.cancel('enough')
    await assert.rejects(child.then(), CancelledError)
    const order = []
    setTimeout(() => order.push('timeout'), 0)
    setImmediate(() => order.push('immediate'))
    process.nextTick(() => order.push('tick'))
    queueMicrotask(() => order.push('microtask'))
    while (order.length < 4) await task.sleep(1)
    assert.deepStrictEqual(order.sort(), ['immediate', 'microtask', 'tick', 'timeout'])
  },

  async lines(task) {
    const input = new PassThrough()
    const lines = readline.createInterface({ input })
    task.spawn(async (child) => {
      for (const i of numbers(50)) {
        input.write(`line ${i}\n`)
        if (i % 10 === 0) await child.sleep(1)
      }
      input.end()
    })
    const read = []
    for await (const line of lines) read.push(line)
    assert.deepStrictEqual(read, numbers(50).map((i) => `line ${i}`))
  },

  async events(task) {
    const emitter = new EventEmitter()
    task.spawn(async (child) => {
      for (const i of numbers(10)) {
        await child.sleep(1)
        emitter.emit('number', i)
      }
      emitter.emit('end', 'value')
    })
    const seen = []
    const collecting = task.spawn(async (child) => {
      for await (const [i] of on(emitter, 'number', { signal: child.signal })) seen.push(i)
    })
    assert.deepStrictEqual(await once(emitter, 'end', { signal: task.signal }), ['value'])
    collecting.cancel()
    await assert.rejects(collecting.then(), CancelledError)
    assert.deepStrictEqual(seen, numbers(10))
    assert.strictEqual(emitter.listenerCount('number'), 0)
  },

  async secrets(task) {
    const [bytes, key] = await Promise.all([promisify(crypto.randomBytes)(32), promisify(crypto.pbkdf2)('secret', 'salt', 5000, 32, 'sha256')])
    assert.deepStrictEqual([bytes.length, key.length], [32, 32])
    const derived = await gather(task, numbers(4).map((i) => task.spawn((child) => child.until(promisify(crypto.scrypt)(`secret ${i}`, 'salt', 32, { N: 1024 })))))
    assert.strictEqual(new Set(derived.map(String)).size, 4)
    const digest = await crypto.subtle.digest('SHA-256', Buffer.from('text'))
    assert.strictEqual(Buffer.from(digest).toString('hex'), crypto.createHash('sha256').update('text').digest('hex'))
  },

  async names(task) {
    const { address } = await task.until(dns.lookup('localhost'))
    assert.ok(net.isIP(address))
    assert.deepStrictEqual(await gather(task, numbers(5).map(() => task.spawn(async () => (await dns.lookup('127.0.0.1')).address))), numbers(5).map(() => '127.0.0.1'))
  }
}

for (const [name, program] of Object.entries(PROGRAMS)) {
  test(name, { timeout: 60_000 }, () => run(program))
}

// How long the beats of a task come too late while it runs, at most, in milliseconds; and those of a timer of
// Node, which the machine and what Node itself does hold up just as much.
async function lateness(task, use, beat = 10) {
  const late = [0]
  const lateInNode = [0]
  const measure = async (list, sleep) => {
    for (;;) {
      const before = performance.now()
      await sleep(beat)
      list.push(performance.now() - before - beat)
    }
  }
  const beating = task.spawn((child) => measure(late, (ms) => child.sleep(ms)), { name: 'heartbeat' })
  const { signal } = beating
  const inNode = measure(lateInNode, (ms) => timers.setTimeout(ms, null, { signal })).catch(() => {})
  try {
    await use()
  } finally {
    beating.cancel()
  }
  await inNode
  assert.ok(late.length > 1)
  return [Math.max(...late), Math.max(...lateInNode)]
}

test('the_heartbeat_notices_what_holds_it_up', () => run(async (task) => {
  const [late] = await lateness(task, async () => {
    await task.sleep(20)
    for (const end = performance.now() + 100; performance.now() < end;);
    await task.sleep(20)
  })
  assert.ok(late > 70, String(late))
}))

test('all_at_once_hold_up_nobody', { timeout: 110_000 }, async () => {
  const tries = []
  const good = ([late, lateInNode]) => late < lateInNode + 50
  while (tries.length < 3 && !tries.some(good)) {
    tries.push(await run((task) => lateness(task, () => task.group((group) => {
      for (const [name, program] of Object.entries(PROGRAMS)) group.spawn(program, { name })
    }))))
  }
  assert.ok(tries.some(good), `late, and so in Node, in ms: ${tries.join(' ')}`)
})

test('all_at_once_of_several_runners', { timeout: 110_000 }, async () => {
  await Promise.all(Object.values(PROGRAMS).map((program) => run(program)))
})

// Some programs that are left do not handle what their sockets say then.
test('none_of_them_disturbs_when_it_is_left_in_the_middle', { timeout: 110_000 }, async () => {
  const programs = Object.entries(PROGRAMS).filter(([name]) => !['processes', 'workers', 'echo'].includes(name))
  for (const ms of [1, 5, 10, 20, 40]) {
    await run(async (task) => {
      const children = programs.map(([name, program]) => task.spawn(program, { name }))
      const beating = task.spawn(async (child) => { for (;;) await child.sleep(1) })
      await task.sleep(ms)
      for (const child of children) child.cancel()
      const { pending } = await wait(task, children)
      assert.deepStrictEqual([pending.size, beating.done], [0, false])
    }, { exceptionHandler: () => {} }) // some of them find that their time was too short
  }
})
