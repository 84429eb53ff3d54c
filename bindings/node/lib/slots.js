'use strict'

// Values of JavaScript that the library carries by a number: callbacks, items, failures.
class Slots {
  constructor() {
    this._values = [undefined] // 0 is none
    this._free = []
  }

  get size() {
    return this._values.length - 1 - this._free.length
  }

  keep(value) {
    const slot = this._free.length > 0 ? this._free.pop() : this._values.length
    this._values[slot] = value
    return slot
  }

  peek(slot) {
    return this._values[slot]
  }

  // The number is free from now on.
  take(slot) {
    const value = this._values[slot]
    if (slot > 0 && slot < this._values.length) {
      this._values[slot] = undefined
      this._free.push(slot)
    }
    return value
  }
}

module.exports = { Slots }
