'use strict'

// What a program that a test starts finds: everything of the package, and `say`. It is loaded before it.

const fs = require('node:fs')

Object.assign(globalThis, require('../..'))

// At once, also if the process dies next.
globalThis.say = (...texts) => fs.writeSync(1, `${texts.join(' ')}\n`)

// The error that a promise ends with.
globalThis.failure = (promise) => promise.then((value) => { throw new Error(`it gave ${value}`) }, (error) => error)

// A time that the runner knows nothing of.
globalThis.elsewhere = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// Which signals the process handles, as the system sees it.
globalThis.handled = () => /^SigCgt:\s*(\S+)/m.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1]
