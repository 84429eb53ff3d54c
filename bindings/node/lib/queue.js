'use strict'

const K = require('./constants')
const { Construct, refused } = require('./construct')
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
  constructor(slots, value) {
    this.value = value
    this._slots = slots
    this._open = true
    this.slot = slots.keep(this)
  }

  // It is in the queue.
  _waited() {
    this._open = false
  }

  // It is not, and will not be.
  _lost() {
    if (this._open) this._slots.take(this.slot)
    this._open = false
  }

  // Whether a wait for room has begun, or is over already.
  _isWaited(task) {
    return !this._open || task?._on === this
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

  put(task, value, options) {
    const engine = this._engine
    let item = null
    try {
      const priority = priorityOf(options)
      item = new Item(engine.slots, value)
      const wait = this._wait(task, K.RUNNER_HOST_QUEUE_PUT, item, lowOf(priority), highOf(priority), item.slot)
      if (!item._isWaited(task)) wait.catch(() => item._lost()) // it is refused, or waits for the next run
      return wait
    } catch (error) {
      item?._lost()
      return refused(this, task, error)
    }
  }

  putNowait(value, options) {
    const priority = priorityOf(options)
    const engine = this._engine
    const item = new Item(engine.slots, value)
    const code = engine.command(null, K.RUNNER_HOST_QUEUE_PUT_NOWAIT, 0, this._low, this._high,
      lowOf(priority), highOf(priority), item.slot)
    if (code < 0) {
      item._lost()
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
