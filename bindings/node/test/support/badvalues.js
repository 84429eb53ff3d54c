'use strict'

// Values that nobody expects.

const assert = require('node:assert')

// Whatever is asked of it, it throws.
function hostile(target = {}) {
  const handler = {}
  for (const trap of Object.getOwnPropertyNames(Reflect)) handler[trap] = () => { throw new EvalError(`asked by ${trap}`) }
  return new Proxy(target, handler)
}

// It cannot be asked.
function revoked(target = {}) {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

// Not even its name can be had.
const nameless = Object.create(null)
const mute = { get [Symbol.toStringTag]() { throw new EvalError('asked') }, toString() { throw new EvalError('asked') } }

const NO_OBJECTS = [5, NaN, '', 'text', true, false, 0n, Symbol('symbol')]
const OBJECTS = [{}, [], nameless, mute, new Map(), Object.freeze({}), /re/, new Date(NaN)]
// What nothing can be asked: an error of its own comes out of it.
const HOSTILE = [hostile(), revoked()]
const NO_FUNCTIONS = [undefined, null, ...NO_OBJECTS, ...OBJECTS, ...HOSTILE]

const NO_TIMES = [undefined, '5', '', 'text', true, 0n, 5n, Symbol('symbol'), ...OBJECTS, ...HOSTILE, () => 5]
const BAD_TIMES = [NaN, -1, -0.001, -Infinity, -Number.MAX_VALUE]

// The error is the one of Node for a parameter, and says which.
function assertRefused(error, Class, name) {
  assert.ok(error instanceof Class, `${error?.stack ?? String(error)}`)
  assert.strictEqual(error.code, Class === RangeError ? 'ERR_OUT_OF_RANGE' : 'ERR_INVALID_ARG_TYPE', error.message)
  assert.match(error.message, name)
}

function refuses(act, Class, name) {
  let error
  try {
    act()
  } catch (thrown) {
    error = thrown
  }
  assert.ok(error !== undefined, 'it was not refused')
  assertRefused(error, Class, name)
}

// The same of what gives a promise: it never throws.
async function rejects(act, Class, name) {
  let promise
  try {
    promise = act()
  } catch (error) {
    assert.fail(`it has thrown, and should reject: ${error.stack}`)
  }
  await promise.then(() => assert.fail('it was not refused'), (error) => {
    if (error instanceof assert.AssertionError) throw error
    assertRefused(error, Class, name)
  })
}

module.exports = { hostile, revoked, nameless, mute, NO_OBJECTS, OBJECTS, HOSTILE, NO_FUNCTIONS, NO_TIMES, BAD_TIMES, refuses, rejects }
