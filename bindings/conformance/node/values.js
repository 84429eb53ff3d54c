'use strict'

// Which values an argument of each kind takes.

// A double, all that JavaScript has, holds numbers up to it exactly.
const MOST_NUMBER = 2 ** 53
const NAME = /^[a-z][a-z0-9_]*$/
const ERROR_NAME = /^[A-Z][A-Za-z]*$/
const CONTROL = /[\x00-\x1f]/
const MODES = ['first', 'first_error', 'all']

const isString = (value) => typeof value === 'string'
const isNumber = (value) => Number.isInteger(value) && Math.abs(value) <= MOST_NUMBER
const isNatural = (value) => isNumber(value) && value >= 0
const isName = (value) => isString(value) && NAME.test(value)
const isNames = (value) => Array.isArray(value) && value.every(isName)
// Control characters are out, as a trace has one line for each event.
const isText = (value) => isString(value) && !CONTROL.test(value)
const isHandlers = (value) => value instanceof Map && [...value.values()].every(Array.isArray)

const KINDS = {
  text: isText,
  number: isNumber,
  time: isNatural,
  count: isNatural,
  name: isName,
  names: isNames,
  someNames: (value) => isNames(value) && value.length > 0,
  errorName: (value) => isString(value) && ERROR_NAME.test(value),
  task: isString,
  ops: Array.isArray,
  handlers: isHandlers,
  flag: (value) => typeof value === 'boolean',
  mode: (value) => MODES.includes(value),
  timeOrNull: (value) => value === null || isNatural(value)
}

const accepts = (kind, value) => KINDS[kind](value)

const withoutControls = (text) => text.replace(new RegExp(CONTROL, 'g'), '?')

module.exports = { accepts, isName, isNatural, isString, isText, withoutControls }
