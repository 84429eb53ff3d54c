'use strict'

// node scripts/deps.js copy | remove
// Whoever installs the package where no prebuilt addon fits has neither the tree of librunner nor
// node-addon-api: `npm pack` takes along, in deps/, what binding.gyp needs of them.
const fs = require('node:fs')
const path = require('node:path')

const packed = path.join(__dirname, '..', 'deps')

function copyFiles(from, to, pattern) {
  const names = fs.readdirSync(from, { recursive: true }).filter((name) => pattern.test(name))
  for (const name of names) {
    const target = path.join(packed, to, name)
    fs.mkdirSync(path.dirname(target), { recursive: true })
    fs.copyFileSync(path.join(from, name), target)
  }
}

function copy() {
  require('./version')
  const { capi, addonApi } = require('./places')
  copyFiles(path.join(capi, 'src'), 'capi/src', /\.[chS]$/)
  copyFiles(path.join(capi, 'include'), 'capi/include', /\.h$/)
  copyFiles(addonApi(), 'node-addon-api', /^(napi.*\.h|LICENSE\.md)$/)
}

// First, so that what is copied is not what was packed before.
fs.rmSync(packed, { recursive: true, force: true })
if (process.argv[2] === 'copy') copy()
