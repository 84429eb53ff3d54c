'use strict'

// Tasks that an AbortSignal cancels. Each signal has one listener for all of them: to add one takes the
// longer the more there are.

const followers = new WeakMap()

class Followers {
  constructor(signal) {
    this._tasks = new Set()
    this._signal = signal
    this._abort = () => {
      followers.delete(signal)
      for (const task of this._tasks) task.cancel(signal.reason)
      this._tasks.clear()
    }
    signal.addEventListener('abort', this._abort, { once: true })
  }

  add(task) {
    this._tasks.add(task)
    task._followed = this
  }

  // A task is over. A signal that nobody follows keeps no listener.
  remove(task) {
    this._tasks.delete(task)
    if (this._tasks.size > 0) return
    this._signal.removeEventListener('abort', this._abort)
    followers.delete(this._signal)
  }
}

function follow(task, signal) {
  if (signal.aborted) {
    task.cancel(signal.reason)
    return
  }
  let all = followers.get(signal)
  if (all === undefined) {
    all = new Followers(signal)
    followers.set(signal, all)
  }
  all.add(task)
}

module.exports = { follow }
