'use strict'

// node --expose-gc bench.js PEER OPERATION [SECONDS]
//
// Measures one operation of one peer, in a process of its own, and prints a line, or more, of peer,
// operation, value and unit, separated by tabs. ../OPS.md explains the operations. Those that repeat are
// repeated until they are compiled, and more and more often until they take SECONDS, default 0.2; the last
// time is what counts. Exit status 77: this peer has no such thing.

const { cpu, seconds, memory } = require('./measure')

const PEERS = ['librunner', 'plain', 'immediate', 'timers']
const SLEEPERS = 100_000
const LATEST = 1_500 // ms that a sleeper sleeps, at most
const EARLIEST = 500
const WARM = 700 // ms

// What one of them takes, once V8 has compiled what it is going to.
async function repeated(operation, enough) {
  const start = performance.now()
  for (let count = 1_000; ; ) {
    global.gc()
    const { time, done } = await operation(count)
    const warm = performance.now() - start > WARM
    if (time >= enough && warm) return time / done
    if (time < enough) count *= time * 8 < enough ? 4 : 2
  }
}

// What they compute from the first to the last, and what they hold while all of them sleep.
async function sleepers(peer, tell) {
  const before = memory()
  const start = cpu()
  let measuring = 0
  await peer.sleepers(SLEEPERS, (i) => EARLIEST + (i % (LATEST - EARLIEST)), () => {
    const from = cpu()
    const { heap, rss } = memory()
    tell('sleepers_heap', (heap - before.heap) / SLEEPERS, 'B')
    tell('sleepers_rss', (rss - before.rss) / SLEEPERS, 'B')
    measuring = cpu() - from
  })
  tell('sleepers_cpu', cpu() - start - measuring, 's')
}

// From the abort until all of them have ended, by an error each.
async function cancel(peer, count) {
  const controller = new AbortController()
  const ends = await peer.sleeping(count, controller.signal)
  const time = await seconds(async () => {
    controller.abort()
    await ends()
  })
  return time / count
}

async function measure(name, operation, enough) {
  const peer = require(`./peers/${name}`)
  const tell = (op, value, unit) => console.log([name, op, value, unit].join('\t'))
  const [, kind, size] = /^(cancel)_(\d+)$/.exec(operation) ?? []
  if (kind === 'cancel') {
    if (peer.sleeping === undefined) return 77
    await peer.inside(() => cancel(peer, 1_000)) // finds code and memory
    await peer.inside(async () => tell(operation, await cancel(peer, Number(size)), 's'))
  } else if (peer[operation] === undefined) {
    return 77
  } else if (operation === 'sleepers') {
    await peer.inside(() => sleepers(peer, tell))
  } else {
    tell(operation, await repeated(peer[operation], enough), 's')
  }
  return 0
}

const [name, operation, enough = '0.2'] = process.argv.slice(2)
if (operation === undefined || !PEERS.includes(name)) {
  console.error(`usage: node --expose-gc bench.js ${PEERS.join('|')} OPERATION [SECONDS]`)
  process.exit(2)
}
measure(name, operation, Number(enough)).then((status) => process.exit(status))
