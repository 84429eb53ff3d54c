'use strict'

// Times are milliseconds in JavaScript and nanoseconds in C.

const { typeError, rangeError } = require('./errors')

const NS_PER_MS = 1e6
const MOST = 2 ** 63 - 1024 // nanoseconds, some 292 years, after which something still happens

// How long to wait. Infinity is for ever.
function toNanoseconds(ms, name = 'ms') {
  if (typeof ms === 'number' && ms >= 0 && ms <= 9e9) return Math.round(ms * NS_PER_MS)
  if (typeof ms !== 'number') throw typeError(`${name} must be a number of milliseconds, not ${typeof ms}`)
  if (!(ms >= 0)) throw rangeError(`${name} must be a time in milliseconds that is not negative, not ${ms}`)
  return ms === Infinity ? Infinity : Math.min(Math.round(ms * NS_PER_MS), MOST)
}

// A time on the clock of the loop, or a delay that may lie in the past. null is none.
function toTime(ms, name = 'time') {
  if (ms === null || ms === undefined) return Infinity
  if (typeof ms !== 'number') throw typeError(`${name} must be a number of milliseconds or null, not ${typeof ms}`)
  if (Number.isNaN(ms)) throw rangeError(`${name} must be a time in milliseconds, not NaN`)
  if (ms === Infinity) return Infinity
  return Math.max(Math.min(Math.round(ms * NS_PER_MS), MOST), -MOST)
}

module.exports = { NS_PER_MS, toNanoseconds, toTime }
