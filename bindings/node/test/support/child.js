'use strict'

// Programs in processes of their own, each with a hard limit: for what ends a process, or could hang it.

const assert = require('node:assert')
const { spawn } = require('node:child_process')
const path = require('node:path')

const PROGRAM = path.join(__dirname, 'program.js')
const LIMIT_MS = Number(process.env.TEST_LIMIT ?? 60_000)

// What the options say before the program.
function commandOf(source, { module = false, options = [], shell }) {
  const command = [process.execPath, '--expose-gc', ...options, '-r', PROGRAM,
    ...(module ? ['--input-type=module'] : []), '-e', source]
  return shell === undefined ? command : ['/bin/sh', '-c', shell, 'sh', ...command]
}

// Runs a program: {lines, errors, status, signal}. signals: it is sent one each time that it has said the next
// of these texts. shell: a script that runs it as "$@".
function child(source, given = {}) {
  const { signals = [], env, limit = LIMIT_MS } = given
  const [command, ...args] = commandOf(source, given)
  const started = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const texts = [...signals]
  let said = ''
  let errors = ''
  let seen = 0
  started.stderr.setEncoding('utf8').on('data', (text) => { errors += text })
  started.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
    for (let at; texts.length > 0 && (at = said.indexOf(`${texts[0]}\n`, seen)) >= 0;) {
      seen = at + texts.shift().length + 1
      started.kill('SIGINT')
    }
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      started.kill('SIGKILL')
      reject(new Error(`it did not end; it said:\n${said}${errors}`))
    }, limit)
    started.on('error', reject)
    started.on('close', (status, signal) => {
      clearTimeout(timer)
      resolve({ lines: said.split('\n').slice(0, -1), errors, status, signal })
    })
  })
}

// The program says these lines, and ends well or as the options tell.
async function assertChild(source, lines, given = {}) {
  const { status = 0, signal = null, errors = status === 0 && signal === null ? /^$/ : /^/ } = given
  const ended = await child(source, given)
  assert.deepStrictEqual({ lines: ended.lines, status: ended.status, signal: ended.signal },
    { lines, status: signal === null ? status : null, signal }, ended.errors)
  assert.match(ended.errors, errors)
  return ended
}

module.exports = { child, assertChild }
