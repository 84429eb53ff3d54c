'use strict'

const { parse } = require('./json')
const { Reader } = require('./reader')
const { isName, isNatural, isString, isText, withoutControls } = require('./values')

const NEEDED = ['name', 'tasks', 'runs']
const ALLOWED = ['min_version', 'differs']
const MOST_INTERRUPTS = 2

// The first offence of a program: the whole line for stderr. What a program says of itself may have control
// characters, and an offence is one line.
class Malformed extends Error {
  constructor(program, ...parts) {
    super(withoutControls(['conformance', program, ...parts].join(': ')))
  }
}

// A program that was checked: the bodies by the names of their tasks, and the runs, each of them
// {task, freshContext, interruptAt}. The operations of a body are what the Reader makes.
class Program {
  // file is what the program is called if it has no name.
  constructor(data, file) {
    this.name = file
    this.tasks = new Map()
    this.runs = []
    const root = parse(data)
    if (!(root instanceof Map)) this.offend('not a JSON object')
    this._read(root)
  }

  offend(...parts) {
    throw new Malformed(this.name, ...parts)
  }

  _read(root) {
    const name = root.get('name')
    const named = isText(name) && name !== ''
    if (named) this.name = name
    this._checkKeys(root, NEEDED, ALLOWED)
    if (!named) this.offend('"name" must be a text')
    this._readTasks(root.get('tasks'))
    this._readRuns(root.get('runs'))
    for (const key of ALLOWED) {
      if (root.has(key) && !isString(root.get(key))) this.offend(`"${key}" must be a text`)
    }
  }

  _checkKeys(members, needed, allowed, ...where) {
    const missing = needed.find((key) => !members.has(key))
    if (missing !== undefined) this.offend(...where, `missing key "${missing}"`)
    const unknown = [...members.keys()].find((key) => !needed.includes(key) && !allowed.includes(key))
    if (unknown !== undefined) this.offend(...where, `unknown key "${unknown}"`)
  }

  _readTasks(tasks) {
    if (!(tasks instanceof Map)) this.offend('"tasks" must be an object')
    const reader = new Reader(this, tasks)
    for (const [name, body] of tasks) {
      if (!isName(name)) this.offend(`bad task name "${name}"`)
      this.tasks.set(name, reader.body(name, body))
    }
  }

  _readRuns(runs) {
    if (!Array.isArray(runs)) this.offend('"runs" must be a list')
    if (runs.length === 0) this.offend('"runs" must not be empty')
    this.runs = runs.map((run, index) => this._readRun(run, `run ${index}`))
  }

  _readRun(run, where) {
    if (!(run instanceof Map)) this.offend(where, 'not a JSON object')
    this._checkKeys(run, ['task'], ['context', 'interrupt_at'], where)
    const task = run.get('task')
    if (!isString(task)) this.offend(where, '"task" must be a text')
    if (!this.tasks.has(task)) this.offend(where, `undefined task "${task}"`)
    const freshContext = run.has('context')
    if (freshContext && run.get('context') !== 'fresh') this.offend(where, '"context" must be "fresh"')
    const interruptAt = run.has('interrupt_at') ? run.get('interrupt_at') : []
    if (!isTimes(interruptAt)) {
      this.offend(where, `"interrupt_at" must be a list of at most ${MOST_INTERRUPTS} times`)
    }
    return { task, freshContext, interruptAt }
  }
}

function isTimes(list) {
  return Array.isArray(list) && list.length <= MOST_INTERRUPTS && list.every(isNatural)
}

module.exports = { Malformed, Program }
