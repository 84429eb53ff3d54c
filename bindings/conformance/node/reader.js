'use strict'

const { Collection } = require('./collect')
const { HANDLERS, KINDS, OPERATIONS } = require('./language')
const { accepts } = require('./values')

// Where an operation stands, as far as that decides what is allowed there.
const OUTSIDE = { inGroup: false, inHandler: false, inCallback: false }

// The place of what an operation opens.
function inside(place, opens) {
  switch (opens) {
    case 'group': return { ...place, inGroup: true }
    case 'closable': return OUTSIDE
    case 'callback': return { ...OUTSIDE, inCallback: true }
    default: return place
  }
}

// In which field of an operation an argument of a kind is kept, once it was found good.
const FIELDS = {
  text: 'text',
  number: 'number',
  count: 'number',
  time: 'ms',
  timeOrNull: 'ms',
  name: 'name',
  names: 'names',
  someNames: 'names',
  errorName: 'failure',
  task: 'task',
  flag: 'flag',
  mode: 'mode'
}

// Reads the operations of a program and checks them on the way. One that was checked is {word}, with what
// its row in OPERATIONS has: {name, names, task, failure, text, number, ms, flag, mode}, and {body, handlers}
// of what is inside it.
class Reader {
  constructor(program, tasks) {
    this._program = program
    this._defined = tasks
    this._makers = new Collection()
    this._seen = new Map() // what the operations so far have made of a name
    for (const body of tasks.values()) this._makers.collect(body)
  }

  // The body of a task.
  body(task, list) {
    this._task = task
    if (!Array.isArray(list)) this._program.offend(`task ${task}`, 'body must be a list')
    return this._ops(list, '', OUTSIDE)
  }

  // prefix and a position are the index of an operation.
  _ops(list, prefix, place) {
    return list.map((item, position) => {
      this._index = `${prefix}${position}`
      const op = this._one(item, place)
      this._readInside(op, item, `${this._index}.`, place)
      return op
    })
  }

  _offend(reason) {
    this._program.offend(`task ${this._task}, op ${this._index}`, reason)
  }

  // One operation, apart from what is inside it.
  _one(item, place) {
    if (!Array.isArray(item) || typeof item[0] !== 'string') this._offend('not an operation')
    const [word, ...values] = item
    const operation = OPERATIONS.get(word) ?? this._offend(`unknown operation "${word}"`)
    this._checkPlace(word, operation, place)
    this._checkCount(word, operation.parameters.length, values.length)
    const op = { word }
    operation.parameters.forEach((parameter, position) => {
      const value = values[position]
      this._checkArgument(word, position, parameter, value)
      if (parameter.kind in FIELDS) op[FIELDS[parameter.kind]] = value
    })
    return op
  }

  _checkPlace(word, operation, place) {
    if (place.inCallback && !operation.inCallback) {
      this._offend(`"${word}" cannot be used in a callback`)
    } else if (word === 'gspawn' && !place.inGroup) {
      this._offend('"gspawn" outside of a group')
    } else if (word === 'raise' && !place.inHandler) {
      this._offend('"raise" outside of a handler')
    }
  }

  _checkCount(word, takes, got) {
    if (takes !== got) this._offend(`"${word}" takes ${takes} argument${takes === 1 ? '' : 's'}, got ${got}`)
  }

  _checkArgument(word, position, parameter, value) {
    if (parameter.kind === 'handlers') this._checkHandlers(value)
    if (!accepts(parameter.kind, value)) {
      this._offend(`argument ${position + 1} of "${word}" must be ${KINDS[parameter.kind]}`)
    }
    if (parameter.kind === 'task' && !this._defined.has(value)) {
      this._offend(`undefined task "${value}"`)
    } else if (parameter.space) {
      for (const name of [].concat(value)) this._checkReference(parameter, name)
    }
  }

  _checkHandlers(handlers) {
    if (!(handlers instanceof Map)) return
    const unknown = [...handlers.keys()].find((key) => !HANDLERS.includes(key))
    if (unknown !== undefined) this._offend(`unknown handler "${unknown}"`)
  }

  // A name has to mean what the operation takes it for.
  _checkReference({ space, makes, needs }, name) {
    if (makes) {
      const key = `${space} ${name}`
      const before = this._seen.get(key) ?? makes
      this._seen.set(key, before)
      if (before !== makes) this._offend(`"${name}" is both a task and a future`)
      return
    }
    const makers = this._makers.makers(space, name) ?? this._offend(`undefined name "${name}"`)
    if (needs && !makers.includes(needs)) this._offend(`"${name}" is not a future`)
  }

  _readInside(op, item, prefix, place) {
    const { opens } = OPERATIONS.get(op.word)
    if (opens === 'try') {
      this._readTry(op, item, prefix, place)
    } else if (opens) {
      op.body = this._ops(item.at(-1), prefix, inside(place, opens))
    }
  }

  _readTry(op, [, body, handlers], prefix, place) {
    op.body = this._ops(body, `${prefix}body.`, place)
    op.handlers = {}
    for (const key of HANDLERS) {
      const list = handlers.get(key)
      if (list) {
        op.handlers[key] = this._ops(list, `${prefix}${key}.`, { ...place, inHandler: key !== 'finally' })
      }
    }
  }
}

module.exports = { Reader }
