'use strict'

// A reporter of node:test: one line of JSON for each test that begins or is over, and one for the end.
// [begin, name], [pass, name], [skip, name, why], [fail, name, text], [end]. Tests that have tests in them
// count only if they fail by themselves.
const { inspect } = require('node:util')

const names = [] // of the tests around, by depth
const inside = [] // how many tests of each depth the one around them has had so far

function fullName(name, nesting) {
  names.length = nesting
  names.push(name)
  return names.join(' > ')
}

// Whether tests are in the one that is over now.
function hasTests(nesting) {
  const had = inside[nesting + 1] ?? 0
  inside[nesting + 1] = 0
  inside[nesting] = (inside[nesting] ?? 0) + 1
  return had > 0
}

// What node:test wraps around the error of a test says nothing.
function textOf(error) {
  const cause = error.code === 'ERR_TEST_FAILURE' && error.cause instanceof Error ? error.cause : error
  return cause.stack && Object.keys(cause).length === 0 ? cause.stack : inspect(cause)
}

function over(type, { name, nesting, details, skip, todo }) {
  const full = fullName(name, nesting)
  const outer = hasTests(nesting) || details.type === 'suite'
  if (type === 'test:fail' && todo === undefined) {
    return details.error.failureType === 'subtestsFailed' ? [] : ['fail', full, textOf(details.error)]
  }
  if (skip !== undefined || todo !== undefined) return ['skip', full, String(skip || todo || '')]
  return outer ? [] : ['pass', full]
}

module.exports = async function* (events) {
  for await (const { type, data } of events) {
    let line = []
    // Of the two, the second one comes in order, and may come late.
    if (type === 'test:dequeue') line = ['begin', data.name]
    if (type === 'test:start') fullName(data.name, data.nesting)
    if (type === 'test:pass' || type === 'test:fail') line = over(type, data)
    if (line.length > 0) yield `${JSON.stringify(line)}\n`
  }
  yield '["end"]\n'
}
