// Press Ctrl-C while it sleeps: the task is cancelled, may clean up, and the process dies by SIGINT, as the
// shell expects.
import { runMain } from 'librunner'

const greeting = await runMain(async (task) => {
  await task.sleep(1000)
  return 'hello world'
})
console.log(greeting)
