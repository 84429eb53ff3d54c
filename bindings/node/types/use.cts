// What a CommonJS module may write.

import librunner = require('librunner')
import { run, type Task } from 'librunner'
import { same } from './same.js'

export async function running(): Promise<void> {
  const value = await librunner.run(async (task) => {
    same<typeof task, Task<unknown>>()
    return 42
  })
  same<typeof value, number>()
  same<typeof run, typeof librunner.run>()

  // An ES module has the very same types.
  const module = await import('librunner')
  same<typeof module.Task, typeof librunner.Task>()

  // @ts-expect-error
  librunner.default
}
