'use strict'

// node check_examples.js FOLDER_OF_THE_PACKAGE
// Whether every example in README.md and index.d.ts is a program that the types allow: no name is unknown,
// no parameter is wrong. Those of README.md are whole programs; those of index.d.ts stand in an async
// function, and may use what CONTEXT declares.
//
// It needs typescript, where `require` finds it.

const fs = require('node:fs')
const path = require('node:path')
const ts = require('typescript')

const CONTEXT = `
declare const task: librunner.Task
declare const tasks: Array<librunner.Task<string>>
declare const runner: librunner.Runner
declare const url: string
declare const urls: string[]
declare const file: string
declare function load(task: librunner.Task, url: string): Promise<string>
declare function readLines(file: string): AsyncGenerator<string>
declare function connect(): Promise<{ end(): Promise<void> }>
`

const OPTIONS = {
  strict: true,
  noImplicitAny: false, // they are JavaScript
  useUnknownInCatchVariables: false,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
  types: []
}

// The blocks of code of a text, each with its line.
function blocks(text, languages) {
  const found = []
  const fence = new RegExp(`^([ *]*)\`\`\`(?:${languages})\\n([^]*?)^\\1\`\`\`$`, 'gm')
  for (const match of text.matchAll(fence)) {
    const margin = match[1].trimEnd()
    const code = match[2].split('\n').map((line) => line.startsWith(match[1]) ? line.slice(match[1].length)
      : line.startsWith(margin) ? line.slice(margin.length) : line)
    found.push({ line: text.slice(0, match.index).split('\n').length + 1, code: code.join('\n') })
  }
  return found
}

// Whole programs, by the name of a file in the package: 'librunner' is found from there.
function programs(folder) {
  const made = new Map()
  const add = (from, line, head, code, tail) => {
    made.set(path.join(folder, 'types', `${from}-${line}.mts`), { from, line, head, text: head + code + tail })
  }
  const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8')
  for (const { line, code } of blocks(read('README.md'), 'js|ts')) add('README.md', line, '', `${code}\nexport {}\n`, '')
  const types = read('index.d.ts')
  const names = [...types.matchAll(/^export (?:class|function) (\w+)/gm)].map(([, name]) => name)
  const head = `import * as librunner from 'librunner'
import { ${[...new Set(names)].join(', ')} } from 'librunner'
${CONTEXT}
export async function example() {
`
  for (const { line, code } of blocks(types, 'js')) add('index.d.ts', line, head, code, '}\n')
  return made
}

function check(made) {
  const host = ts.createCompilerHost(OPTIONS)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (file) => made.has(file) || fileExists(file)
  host.readFile = (file) => made.get(file)?.text ?? readFile(file)
  host.getSourceFile = (file, version, ...rest) => made.has(file)
    ? ts.createSourceFile(file, made.get(file).text, version)
    : getSourceFile(file, version, ...rest)
  const program = ts.createProgram([...made.keys()], OPTIONS, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const what = ts.flattenDiagnosticMessageText(messageText, '\n')
    const example = made.get(file?.fileName)
    if (example === undefined) return `${file?.fileName}: ${what}`
    const line = file.getLineAndCharacterOfPosition(start).line - example.head.split('\n').length + 1 + example.line
    return `${example.from}:${line}: ${what}`
  })
}

const made = programs(path.resolve(process.argv[2] ?? '.'))
const faults = check(made)
for (const fault of faults) console.log(fault)
console.log(`${made.size} examples, ${faults.length} faults`)
process.exitCode = faults.length === 0 && made.size > 0 ? 0 : 1
