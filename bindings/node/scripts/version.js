'use strict'

// node scripts/version.js
// Fails unless the version of the package is that of the C library, which is compiled in.
const fs = require('node:fs')
const path = require('node:path')
const { root, capi } = require('./places')

const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
const header = fs.readFileSync(path.join(capi, 'include/runner/version.h'), 'utf8')
const part = (name) => header.match(new RegExp(`^#define RUNNER_VERSION_${name} (\\d+)$`, 'm'))[1]
const library = ['MAJOR', 'MINOR', 'PATCH'].map(part).join('.')

if (version !== library) {
  console.error(`package.json says ${version}, and the C library is ${library}`)
  process.exit(1)
}
