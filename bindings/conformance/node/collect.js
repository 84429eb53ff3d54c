'use strict'

const { HANDLERS, OPERATIONS } = require('./language')
const { isName } = require('./values')

// Finds out what the operations of a program make, and passes over what is malformed. It is done for all
// bodies before one of them is read: an operation may name what a later one makes.
class Collection {
  constructor() {
    this._made = new Map()
  }

  // What is made of a name of the namespace: a list, as several operations can make the same one; or
  // undefined.
  makers(space, name) {
    return this._made.get(`${space} ${name}`)
  }

  collect(body) {
    if (!Array.isArray(body)) return
    for (const item of body) {
      const operation = Array.isArray(item) ? OPERATIONS.get(item[0]) : undefined
      operation?.parameters.forEach((parameter, position) => this._argument(parameter, item[position + 1]))
    }
  }

  _argument({ kind, space, makes }, value) {
    if (makes) {
      if (isName(value)) this._add(`${space} ${value}`, makes)
    } else if (kind === 'ops') {
      this.collect(value)
    } else if (kind === 'handlers' && value instanceof Map) {
      for (const key of HANDLERS) this.collect(value.get(key))
    }
  }

  _add(key, makes) {
    const before = this._made.get(key)
    if (before) {
      before.push(makes)
    } else {
      this._made.set(key, [makes])
    }
  }
}

module.exports = { Collection }
