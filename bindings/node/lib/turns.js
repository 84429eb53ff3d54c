'use strict'

// Who runs when. One at a time has its turn: a task or a callback, in the order of the library's events.
// A task begins, or goes on as the promise of its wait is settled; its code then runs in microtasks. The
// turn ends when it waits or ends; or when all microtasks are done and neither has happened, as it awaits
// something that the runner does not know. Then it goes astray: the library counts it as running, and
// whatever it calls once it goes on is done at once.

const K = require('./constants')
const { Driver, LOW, HIGH, EVENT, TASK, KIND, STATUS, VALUE } = require('./driver')

// Node's own events get their chance after so many turns, or so many milliseconds of them.
const MOST_TURNS = 1000
const MOST_MS = 5
const LOOKS = 64 // how often the clock is looked at: every so many turns

const {
  RUNNER_HOST_START, RUNNER_HOST_RESUME, RUNNER_HOST_CALL, RUNNER_HOST_ENDED, RUNNER_HOST_DROP,
  RUNNER_HOST_EXCEPTION, RUNNER_HOST_END, RUNNER_HOST_CANCELED
} = K

// A reaction to it is a microtask; queueMicrotask() makes an object of its own for each.
const SOON = Promise.resolve()

class Turns extends Driver {
  constructor() {
    super()
    this.running = null // who has the turn
    this.active = false // a run or a close is under way
    this.epoch = 0 // changes when a task may have been cancelled by what it does not see
    this.tasks = [] // by the low half of their ids; of those that are over, what the library may still name
    this._next = 0
    this._events = 0
    this._over = false
    this._pumping = false // is on the stack
    this._amid = false
    this._due = false // will be called in a microtask
    this._grants = 0 // how many turns were given
    this._looked = 0 // that many had been
    this._checking = false // a look for somebody gone astray is due
    this._resting = null // the immediate that goes on
    this._drained = false // nothing of the program has run since all microtasks were done
    this._draining = false
    this._rounds = 0
    this._turns = 0
    this._since = 0
    this.wake = () => this.pump(false)
    this._begin = this._begin.bind(this)
    this._look = this._look.bind(this)
    this._check = this._check.bind(this)
    this._round = this._round.bind(this)
    this._drainedNow = this._drainedNow.bind(this)
    this._pumpDue = this._pumpDue.bind(this)
    this._rested = this._rested.bind(this)
  }

  // Its first turn has come: it begins, in the asynchronous context of its scope. Who has ended the turn
  // before may go on a little, up to its next `await`, and does so first.
  begin(who) {
    this.running = who
    this._drained = false
    if (this._amid) SOON.then(this._begin)
    else this._begin()
  }

  // Not as its method: it would be `this` in the stack of an error that comes of it, and be kept by that.
  _begin() {
    const { running } = this
    running._scope.runInAsyncScope(running._begin, undefined, running)
  }

  // ---- giving turns ----

  // Its turn is over.
  over(who) {
    if (this.running === who) {
      this.running = null
      this.pump(false)
    } else {
      this.kick()
    }
  }

  // Something was done outside of a turn: one is taken when the microtasks have come to it.
  kick() {
    if (this._due || this.running !== null || !this.active) return
    this._due = true
    this._drained = false
    SOON.then(this._pumpDue)
  }

  _pumpDue() {
    this._due = false
    this.pump(false)
  }

  // Gives the turn to the next one, if nobody has it.
  // amid: code of the program is on the stack.
  pump(amid) {
    if (this._pumping) return
    this._amid = amid
    this._pumping = true
    try {
      this._pump()
    } finally {
      this._pumping = false
    }
    if (this.running !== null) this.granted()
  }

  // Somebody has the turn.
  granted() {
    this._grants++
    this._drained = false
    if (this._checking) return
    this._checking = true
    SOON.then(this._look)
  }

  _pump() {
    while (this.running === null && this.active && this._resting === null) {
      if (this._next < this._events) {
        this._serve(this._next++ * EVENT)
        this._noticeGone()
      } else if (this._over) {
        this._over = false
        this.finish()
      } else if (this._tired()) {
        this._resting = setImmediate(this._rested)
      } else if (this.stepped && !this._drained) {
        this._drain()
        break
      } else if (!this._more()) {
        this._turns = 0
        if (!this.stepped || !this.letTimeGo()) break
      }
    }
  }

  // What is gone is noticed before anybody goes on: it may use the same ids. So a task that is the last of
  // its batch sees that it is.
  _noticeGone() {
    while (this._next < this._events && this.events[this._next * EVENT + KIND] === RUNNER_HOST_DROP) {
      this._serve(this._next++ * EVENT)
    }
  }

  // Takes a turn of the library: false if there is nothing to do.
  _more() {
    this._next = 0
    this._events = 0
    this.epoch++
    const events = this.take()
    if (events > 0) {
      this._events = events
      return true
    }
    if (events < 0) {
      this.broken(events)
      return false
    }
    if (this.stepped && this.idle === 0) return true
    this.rested()
    return false
  }

  _tired() {
    if (++this._turns % LOOKS !== 0) return false
    const now = performance.now()
    if (this._turns === LOOKS) {
      this._since = now
      return false
    }
    if (this._turns < MOST_TURNS && now - this._since < MOST_MS) return false
    this._turns = 0
    return true
  }

  _rested() {
    this._resting = null
    this.pump(false)
  }

  // A virtual clock stands still while microtasks are due: they may start something. Other ticks may have
  // asked for some before this one, hence two rounds.
  _drain() {
    if (this._draining) return
    this._draining = true
    this._rounds = 2
    SOON.then(this._round)
  }

  _round() {
    process.nextTick(this._rounds-- > 1 ? () => SOON.then(this._round) : this._drainedNow)
  }

  _drainedNow() {
    this._draining = false
    this._drained = true
    this.pump(false)
  }

  // A tick comes when all microtasks are done, if it is asked for in one.
  _look() {
    this._looked = this._grants
    process.nextTick(this._check)
  }

  _check() {
    const who = this.running
    if (who !== null && this._looked !== this._grants) {
      SOON.then(this._look) // another tick has given a turn since
      return
    }
    this._checking = false
    if (who === null) return
    this.running = null
    this.astray(who)
    this.pump(false)
  }

  // ---- events ----

  _serve(at) {
    const { events, eventStatuses } = this
    const low = events[at + TASK + LOW]
    switch (events[at + KIND]) {
      case RUNNER_HOST_RESUME: {
        const task = this.tasks[low]
        if (task !== undefined && task._resumed(eventStatuses[at + STATUS], events[at + VALUE + LOW])) {
          this.running = task
        }
        break
      }
      case RUNNER_HOST_START:
        this.start(low, events[at + TASK + HIGH], eventStatuses[at + STATUS], events[at + VALUE + LOW])
        break
      case RUNNER_HOST_CALL:
        this.call(events[at + VALUE + LOW])
        break
      case RUNNER_HOST_ENDED:
        this.ended(low, eventStatuses[at + STATUS])
        break
      case RUNNER_HOST_DROP:
        this.dropped(low, events[at + TASK + HIGH], events[at + VALUE + LOW])
        break
      case RUNNER_HOST_EXCEPTION:
        this.exception()
        break
      case RUNNER_HOST_CANCELED:
        this.tasks[low]?._abortSignal()
        break
      case RUNNER_HOST_END:
        this._over = true
        break
    }
  }
}

module.exports = { Turns }
