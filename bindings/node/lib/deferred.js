'use strict'

// A promise and what settles it. One function gets them for all: a closure for each promise would have to
// be made and collected, and most of what a runner costs are promises.
const made = { resolve: null, reject: null }

function take(resolve, reject) {
  made.resolve = resolve
  made.reject = reject
}

// Its `resolve` and `reject` stand in `made` until the next one.
function deferred() {
  return new Promise(take)
}

module.exports = { deferred, made }
