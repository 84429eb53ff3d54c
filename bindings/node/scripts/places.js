'use strict'

// Where what the addon is made of lies: in deps/ of a packed package, in the tree of librunner
// otherwise.
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const packed = path.join(root, 'deps')
const isPacked = fs.existsSync(packed)

exports.root = root
exports.packed = packed
exports.capi = isPacked ? path.join(packed, 'capi') : path.join(root, '../../capi')

// The headers of node-addon-api, which only compiling needs.
exports.addonApi = () =>
  isPacked
    ? path.join(packed, 'node-addon-api')
    : path.dirname(require.resolve('node-addon-api/package.json'))
