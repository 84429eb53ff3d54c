'use strict'

// The addon: a prebuilt one, or the one that was compiled when the package was installed.
const path = require('node:path')

const NEEDED = '20.3'

function atLeast(version, wanted) {
  const [major, minor] = version.split('.').map(Number)
  const [wantedMajor, wantedMinor] = wanted.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

// Others load addons for Node, but have no libuv, or not all of it: they would die instead of failing.
function refuseOthers({ platform, versions: { node, uv, bun, deno } }) {
  const other = (bun && `Bun ${bun}`) || (deno && `Deno ${deno}`)
  if (other) throw new Error(`librunner runs on the loop of Node.js, and this is ${other}.`)
  if (!atLeast(node, NEEDED)) {
    throw new Error(`librunner needs Node.js ${NEEDED} or newer, and this is ${node}.`)
  }
  if (!uv.startsWith('1.')) throw new Error(`librunner needs libuv 1, and Node.js ${node} has ${uv}.`)
  if (platform === 'win32') throw new Error('librunner does not run on Windows yet.')
}

function load() {
  refuseOthers(process)
  try {
    return require('node-gyp-build')(path.join(__dirname, '..'))
  } catch (error) {
    throw new Error(
      `The native part of librunner cannot be loaded for ${process.platform}-${process.arch}. If there ` +
        'is no prebuilt one for this system, `npm rebuild librunner` compiles it: that needs Python, ' +
        `make, and compilers of C and C++. ${error.message.trim()}`,
      { cause: error }
    )
  }
}

module.exports = load()
