'use strict'

const K = require('./constants')
const { Construct } = require('./construct')
const { errorFor, rangeError } = require('./errors')
const { checkBoolean, checkInteger, checkOptions, show } = require('./check')
const { lowOf, highOf } = require('./driver')

const ORDERS = new Map([
  ['fifo', K.RUNNER_QUEUE_FIFO],
  ['lifo', K.RUNNER_QUEUE_LIFO],
  ['priority', K.RUNNER_QUEUE_PRIORITY]
])

// What the library carries by a number, and may drop. The program's own value is asked nothing then.
class Item {
  constructor(value) {
    this.value = value
  }

  _dropped() {}
}

function priorityOf(options) {
  const { priority = 0 } = checkOptions(options)
  if (typeof priority !== 'bigint') return checkInteger(priority, 'priority', Number.MIN_SAFE_INTEGER)
  if (BigInt.asIntN(64, priority) !== priority) throw rangeError(`priority must be of 64 bits, not ${priority}`)
  return priority
}

// Where tasks hand items to tasks, as asyncio.Queue.
class Queue extends Construct {
  constructor(of, options) {
    const { maxSize = 0, order = 'fifo' } = checkOptions(options)
    checkInteger(maxSize, 'maxSize', 0)
    if (!ORDERS.has(order)) throw rangeError(`order must be one of ${[...ORDERS.keys()].join(', ')}, not ${show(order)}`)
    super(of, K.RUNNER_HOST_QUEUE_NEW, lowOf(maxSize), highOf(maxSize), ORDERS.get(order))
    this._maxSize = maxSize
  }

  async put(task, item, options) {
    const priority = priorityOf(options)
    const { slots } = this._engine
    const slot = slots.keep(new Item(item))
    try {
      await this._wait(task, K.RUNNER_HOST_QUEUE_PUT, null, lowOf(priority), highOf(priority), slot)
    } catch (error) {
      slots.take(slot)
      throw error
    }
  }

  putNowait(item, options) {
    const priority = priorityOf(options)
    const engine = this._engine
    const slot = engine.slots.keep(new Item(item))
    const code = engine.command(null, K.RUNNER_HOST_QUEUE_PUT_NOWAIT, 0, this._low, this._high,
      lowOf(priority), highOf(priority), slot)
    if (code < 0) {
      engine.slots.take(slot)
      throw errorFor(code)
    }
    engine.settled()
  }

  get(task) {
    return this._wait(task, K.RUNNER_HOST_QUEUE_GET, this)
  }

  getNowait() {
    const engine = this._look(K.RUNNER_HOST_QUEUE_GET_NOWAIT)
    const item = this._waited(0, engine.b)
    engine.settled()
    return item
  }

  taskDone() {
    this._tell(K.RUNNER_HOST_QUEUE_TASK_DONE)
  }

  join(task) {
    return this._wait(task, K.RUNNER_HOST_QUEUE_JOIN)
  }

  shutdown(options) {
    const { immediate = false } = checkOptions(options)
    this._tell(K.RUNNER_HOST_QUEUE_SHUTDOWN, checkBoolean(immediate, 'immediate') ? 1 : 0)
  }

  get size() {
    return this._look(K.RUNNER_HOST_QUEUE_COUNT).b
  }

  get maxSize() {
    return this._maxSize
  }

  get empty() {
    return this.size === 0
  }

  get full() {
    return this._maxSize > 0 && this.size >= this._maxSize
  }

  get [Symbol.toStringTag]() {
    return 'Queue'
  }

  // A wait has ended: with an item.
  _waited(status, slot) {
    return this._engine.slots.take(slot).value
  }
}

module.exports = { Queue }
