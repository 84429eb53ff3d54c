'use strict'

const { Engine } = require('./engine')
const { Options } = require('./options')
const { KeyboardInterrupt, isCancel, RunnerError } = require('./errors')
const { checkFunction, checkOptions, checkName, checkSignal, show } = require('./check')
const { typeError } = require('./errors')
const C = require('./native')

const RUN_OPTIONS = ['name', 'context', 'signal']

function checkRunOptions(given) {
  const options = checkOptions(given)
  for (const name of Object.keys(options)) {
    if (!RUN_OPTIONS.includes(name)) throw typeError(`unknown option: ${name}`)
  }
  const { name, context, signal } = options
  return { name: checkName(name), context, signal: checkSignal(signal) }
}

// A runner that is collected while it is open has lost what it left.
const forgotten = new FinalizationRegistry((life) => {
  if (life.open) process.emitWarning('A Runner was never closed: what it has left is lost', 'ResourceWarning')
})

// Runs main tasks, one after the other, on a loop that they share, as asyncio.Runner.
class Runner {
  constructor(options) {
    this._engine = new Engine(this, new Options(options))
    forgotten.register(this, this._engine.life)
  }

  async run(body, options) {
    checkFunction(body, 'the main function')
    return this._engine.run(body, checkRunOptions(options))
  }

  async close() {
    await this._engine.close()
  }

  get loop() {
    this._engine.open()
    this._engine.prepare()
    return this._engine.loop
  }

  get closed() {
    return this._engine.closed
  }

  get running() {
    return this._engine.active
  }

  // Does what SIGINT does.
  interrupt() {
    const engine = this._engine
    if (!engine.active) return false
    C.runner_interrupt(engine.core)
    engine.kick()
    return true
  }

  get report() {
    return this._engine.report
  }

  async [Symbol.asyncDispose]() {
    await this.close()
  }

  get [Symbol.toStringTag]() {
    return 'Runner'
  }
}

// The options of the runner, and those of the run.
function split(given) {
  const options = { ...checkOptions(given) }
  const ofRun = {}
  for (const name of RUN_OPTIONS) {
    if (name in options) ofRun[name] = options[name]
    delete options[name]
  }
  return [options, ofRun]
}

// A runner for one run. What the main task has ended with goes before what the close says.
async function run(body, options) {
  checkFunction(body, 'the main function')
  const [ofRunner, ofRun] = split(options)
  const runner = new Runner(ofRunner)
  let value
  try {
    value = await runner.run(body, ofRun)
  } catch (error) {
    await runner.close().catch(() => {}) // it stands in the report
    throw error
  }
  await runner.close()
  return value
}

// For programs: one that Ctrl-C has ended dies of SIGINT, as a shell expects.
async function runMain(body, options) {
  try {
    return await run(body, options)
  } catch (error) {
    if (error instanceof KeyboardInterrupt) process.kill(process.pid, 'SIGINT')
    throw error
  }
}

module.exports = { Runner, run, runMain, split }
