'use strict'

// node run_node_tests.js NAME [--node FILE] [--jobs N] [--limit SECONDS] [--option=OPTION]... TEST_FILE...
// Runs each file of tests in a process of its own, of the Node that is named. Prints what failed with what
// it said, what was skipped, and "NAME: N passed, N failed". A process that dies, or is not done in time, is
// a failure of the test that was at it. What was skipped is a failure if CI=true.
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { parseArgs } = require('node:util')

const REPORTER = path.join(__dirname, 'node_results.js')
const FIRST_LINES = 40 // of the output of a process
const LAST_LINES = 20

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'node-tests-'))

function shortened(output) {
  const lines = output.split('\n')
  if (lines.length <= FIRST_LINES + LAST_LINES) return output
  return [...lines.slice(0, FIRST_LINES), '...', ...lines.slice(-LAST_LINES)].join('\n')
}

// What the reporter has written until the process was over.
function linesOf(file) {
  if (!fs.existsSync(file)) return []
  const text = fs.readFileSync(file, 'utf8')
  return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => JSON.parse(line))
}

function howItEnded({ late, signal, status }, limit) {
  if (late) return `did not end in ${limit} s`
  return signal ? `died of ${signal}` : `ended with status ${status}`
}

// What it has started itself goes with it.
function killAll(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

// Calls back when the process is over: {status, signal, late}.
function start(file, results, output, { node, option, limit }, done) {
  const descriptor = fs.openSync(output, 'w')
  const args = [...option, `--test-reporter=${REPORTER}`, `--test-reporter-destination=${results}`, file]
  const child = spawn(node, args, { detached: true, stdio: ['ignore', descriptor, descriptor] })
  fs.closeSync(descriptor)
  let late = false
  const timer = setTimeout(() => {
    late = true
    killAll(child.pid)
  }, limit * 1000)
  child.on('error', (error) => {
    clearTimeout(timer)
    fs.writeFileSync(output, String(error))
    done({ status: -1, signal: null, late })
  })
  child.on('exit', (status, signal) => {
    clearTimeout(timer)
    killAll(child.pid)
    done({ status, signal, late })
  })
}

// One file: {name, passed, failures, skips}.
function runFile(file, number, options, done) {
  const [results, output] = ['results', 'output'].map((name) => path.join(folder, `${number}.${name}`))
  start(file, results, output, options, (end) => {
    const result = { name: path.basename(file), passed: 0, failures: [], skips: [] }
    let running = 'all of it'
    let over = false
    for (const [event, name, text] of linesOf(results)) {
      if (event === 'begin') running = name
      else if (event === 'pass') result.passed++
      else if (event === 'fail') result.failures.push([name, text])
      else if (event === 'skip') result.skips.push([name, text])
      else over = true
    }
    if (!over || (end.status !== 0 && result.failures.length === 0)) {
      const said = shortened(fs.readFileSync(output, 'utf8'))
      result.failures.push([over ? 'all of it' : running, `${howItEnded(end, options.limit)}\n${said}`])
    }
    done(result)
  })
}

// Bytes that would make what reads this take it for binary.
const plain = (text) => text.trimEnd().replace(/[\0-\x08\x0e-\x1f\x7f]/g, '?')

function report(name, results) {
  let passed = 0
  let failed = 0
  for (const result of results) {
    passed += result.passed
    failed += result.failures.length + (process.env.CI === 'true' ? result.skips.length : 0)
    for (const [test, why] of result.skips) console.log(`  skipped: ${result.name} ${plain(test)}: ${plain(why)}`)
    for (const [test, text] of result.failures) {
      console.log(`  FAILED: ${result.name} ${plain(test)}\n${plain(text).replace(/^/gm, '    ')}`)
    }
  }
  if (passed + failed === 0) {
    console.log('  FAILED: there are no tests')
    failed = 1
  }
  console.log(`${name}: ${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      node: { type: 'string', default: process.execPath },
      jobs: { type: 'string', default: '1' },
      limit: { type: 'string', default: '120' },
      option: { type: 'string', multiple: true, default: [] }
    }
  })
  const [name, ...files] = positionals
  const results = []
  let next = 0
  let open = Math.min(Number(values.jobs), files.length)
  const work = () => {
    const number = next++
    if (number < files.length) {
      runFile(files[number], number, values, (result) => {
        results[number] = result
        work()
      })
    } else if (--open <= 0) {
      report(name, results)
    }
  }
  for (let job = Math.max(open, 1); job > 0; job--) work()
}

process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
main()
