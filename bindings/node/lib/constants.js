'use strict'

// The constants of the C headers under their names. Those of the generated module are getters.

const native = require('./native')

for (const name of Object.getOwnPropertyNames(native)) {
  if (name.startsWith('RUNNER_') && typeof native[name] !== 'function') exports[name] = native[name]
}
