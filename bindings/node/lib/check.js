'use strict'

// What parameters have to be. Whatever is wrong is named.

const { typeError, rangeError } = require('./errors')

const NONE = Object.freeze({})

// A text for people of a value of any kind.
function show(value) {
  switch (typeof value) {
    case 'string': return JSON.stringify(value)
    case 'function': return 'a function'
    case 'object': return value === null ? 'null' : kindOf(value)
    default: return String(value)
  }
}

// Its getters may throw.
function kindOf(object) {
  try {
    return `an object (${Object.prototype.toString.call(object).slice(8, -1)})`
  } catch {
    return 'an object'
  }
}

function checkFunction(value, name) {
  if (typeof value !== 'function') throw typeError(`${name} must be a function, not ${show(value)}`)
  return value
}

function checkOptions(value, name = 'options') {
  if (value === undefined || value === null) return NONE
  if (typeof value !== 'object') throw typeError(`${name} must be an object, not ${show(value)}`)
  return value
}

function checkBoolean(value, name) {
  if (typeof value !== 'boolean') throw typeError(`${name} must be a boolean, not ${show(value)}`)
  return value
}

function checkInteger(value, name, least, most = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== 'number') throw typeError(`${name} must be a number, not ${show(value)}`)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw rangeError(`${name} must be an integer from ${least}, not ${value}`)
  }
  return value
}

// A name, or undefined. C ends a text at its first zero.
function checkName(value) {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw typeError(`name must be a string, not ${show(value)}`)
  if (value.includes('\0')) throw rangeError('name must not contain a null character')
  return value
}

function checkSignal(value) {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object' || typeof value.addEventListener !== 'function' || typeof value.aborted !== 'boolean') {
    throw typeError(`signal must be an AbortSignal, not ${show(value)}`)
  }
  return value
}

module.exports = { show, checkFunction, checkOptions, checkBoolean, checkInteger, checkName, checkSignal }
