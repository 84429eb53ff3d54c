'use strict'

// Who callbacks are: they have no path.
const LOOP = 'loop'

// The lines of a trace.
class Trace {
  constructor(loop) {
    this.text = ''
    this._loop = loop
  }

  line(who, what) {
    this.lineAt(this.now, `${who} ${what}`)
  }

  lineAt(ms, what) {
    this.text += `${ms} ${what}\n`
  }

  // In ms. A double may be a little less than it should be.
  get now() {
    return Math.floor(this._loop.time() + 0.05)
  }
}

module.exports = { LOOP, Trace }
