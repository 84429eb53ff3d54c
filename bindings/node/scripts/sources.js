'use strict'

// node sources.js sources OS | include | quoted
// What binding.gyp asks: the sources of the addon, the folders of its headers, and the option for the
// private headers of the C library. No path has a blank: they start at binding.gyp, but the option
// starts where the compiler does, in build/.
const fs = require('node:fs')
const path = require('node:path')
const { root, capi, addonApi } = require('./places')

const fromRoot = (file) => path.relative(root, file).replaceAll(path.sep, '/')

// What waits for descriptors is a file for Linux and one for the rest. Everything else that is for
// one system or processor only is empty elsewhere.
function isFor(file, os) {
  if (file.endsWith('poll_epoll.c')) return os === 'linux'
  if (file.endsWith('poll_uv.c')) return os !== 'linux'
  return /\.(c|S)$/.test(file)
}

function sources(os) {
  const own = fs.readdirSync(path.join(root, 'src')).filter((name) => /\.(c|cpp)$/.test(name))
  const library = fs.readdirSync(path.join(capi, 'src'), { recursive: true })
  return [
    ...own.map((name) => path.join(root, 'src', name)),
    ...library.filter((name) => isFor(name, os)).map((name) => path.join(capi, 'src', name))
  ].sort()
}

const [what, os] = process.argv.slice(2)
const answers = {
  sources: () => sources(os).map(fromRoot),
  include: () => [path.join(capi, 'include'), addonApi()].map(fromRoot),
  quoted: () => [`-iquote../${fromRoot(path.join(capi, 'src'))}`]
}
console.log(answers[what]().join('\n'))
