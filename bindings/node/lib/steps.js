'use strict'

// What waits more than once is written as a generator that yields what it waits for. In runSync the program
// is given that as it is; everywhere else it is run here.

async function run(steps) {
  let step = steps.next()
  while (!step.done) {
    let value
    try {
      value = await step.value
    } catch (error) {
      step = steps.throw(error)
      continue
    }
    step = steps.next(value)
  }
  return step.value
}

// Whether it is of a runSync.
function isSync(one) {
  return one?._engine?.sync === true
}

// task: who waits. If it is no task, the steps say so.
function inSteps(task, steps) {
  return isSync(task) ? steps : run(steps)
}

module.exports = { inSteps, isSync }
