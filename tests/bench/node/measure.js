'use strict'

// Clock and memory of this process.

const CPU = process.env.BENCH_CLOCK === 'cpu'

// Seconds of computing, in all threads: what a busy neighbour takes away is not in them.
function cpu() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const clock = CPU ? cpu : () => performance.now() / 1e3

async function seconds(act) {
  const start = clock()
  await act()
  return clock() - start
}

// Bytes that are alive: what is garbage is gone after the second time.
function memory() {
  global.gc()
  global.gc()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed, rss }
}

module.exports = { cpu, seconds, memory }
