'use strict'

// The interpreter of the behaviour suite in JavaScript.
//
//     conformance_node FILE...      the traces of programs
//     conformance_node --stream     one program a line on stdin

const fs = require('node:fs')
const path = require('node:path')
const { execute } = require('./execute')
const { Malformed, Program } = require('./program')

const STATUS_USAGE = 1
const STATUS_MALFORMED = 2
const USAGE = 'usage: conformance_node FILE...\n       conformance_node --stream\n'

// The status of the process.
async function main(args) {
  if (args.length === 1 && args[0] === '--stream') return runStream()
  if (args.length > 0 && !args[0].startsWith('--')) return runFiles(args)
  process.stderr.write(USAGE)
  return STATUS_USAGE
}

async function runFiles(paths) {
  for (const file of paths) {
    try {
      write(await interpretFile(file))
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      process.stderr.write(`${error.message}\n`)
      return STATUS_MALFORMED
    }
  }
  return 0
}

async function runStream() {
  for await (const line of lines(process.stdin)) write(await answer(line))
  return 0
}

// What comes out for one line of a stream.
async function answer(line) {
  try {
    return `${await interpret(line, '-')}# end\n`
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return `# malformed ${error.message}\n`
  }
}

function interpretFile(file) {
  const name = path.basename(file)
  let data
  try {
    data = fs.readFileSync(file)
  } catch {
    throw new Malformed(name, 'cannot be read')
  }
  return interpret(data, name)
}

// Runs a program: its name and its trace.
async function interpret(data, file) {
  const program = new Program(data, file)
  return `# ${program.name}\n${await execute(program)}`
}

// Not process.stdout, which may write later: a trace is out when the next program begins.
function write(text) {
  fs.writeFileSync(1, text)
}

// The lines of a stream, in bytes. The last one may have no line break.
async function * lines(stream) {
  let begun = []
  for await (const chunk of stream) {
    let start = 0
    for (let end; (end = chunk.indexOf('\n', start)) >= 0; start = end + 1) {
      yield Buffer.concat([...begun, chunk.subarray(start, end)])
      begun = []
    }
    begun.push(chunk.subarray(start))
  }
  const rest = Buffer.concat(begun)
  if (rest.length > 0) yield rest
}

main(process.argv.slice(2)).then((status) => { process.exitCode = status })
