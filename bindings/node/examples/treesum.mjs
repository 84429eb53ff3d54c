// Prints the SHA-256 sum of every regular file below a directory, as sha256sum prints it, sorted by path.
// At most N files are open at the same time.
//
//   usage: node treesum.mjs DIR [N]
//
// A task is started for a file only when the semaphore has a place for it: there are never more than N of
// them, however large the tree is, and what grows with it is only the list of paths. A file is a stream that
// was given the signal of its task, so a cancel ends it at the next block.
//
// Only tasks touch what they share, and tasks never run in parallel, so nothing here is locked. Paths are
// bytes: names of files need not be text.

import { createHash } from 'node:crypto'
import { createReadStream, lstatSync, writeSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { isatty } from 'node:tty'
import { KeyboardInterrupt, Semaphore, run } from 'librunner'

const MOST_JOBS = 256
const BLOCK_BYTES = 64 * 1024
const PROGRESS_MS = 100

// ---- output ---------------------------------------------------------------------------------------

const STDOUT = 1
const STDERR = 2

// Does not wait, unlike `process.stdout`.
function write(fd, text) {
  for (let rest = Buffer.from(text); rest.length > 0;) rest = rest.subarray(writeSync(fd, rest))
}

// As the C library says it, so that all languages complain alike.
const TEXTS = {
  EACCES: 'Permission denied',
  EIO: 'Input/output error',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENOENT: 'No such file or directory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory'
}

// The line on a terminal that shows how far the work got.
class Meter {
  constructor() {
    this.terminal = isatty(STDERR)
  }

  // A task that ends by a cancel.
  async show(task, progress) {
    try {
      while (this.terminal) {
        write(STDERR, `\r\x1b[K${progress()}`)
        await task.sleep(PROGRESS_MS)
      }
    } finally {
      this.clear()
    }
  }

  clear() {
    if (this.terminal) write(STDERR, '\r\x1b[K')
  }
}

// ---- the work -------------------------------------------------------------------------------------

const SLASH = Buffer.from('/')

function join(directory, name) {
  return Buffer.concat(directory.at(-1) === SLASH[0] ? [directory, name] : [directory, SLASH, name])
}

async function sumOf(path, signal) {
  const hash = createHash('sha256')
  for await (const block of createReadStream(path, { highWaterMark: BLOCK_BYTES, signal })) {
    hash.update(block)
  }
  return hash.digest('hex')
}

// What the system gives, or its error: a file that cannot be read does not end the work. A cancel does.
async function outcomeOf(promise) {
  try {
    return await promise
  } catch (error) {
    if (error.syscall === undefined) throw error
    return error
  }
}

// As sha256sum does it: a line with an escaped name starts with a backslash. Latin-1 leaves bytes as they are.
function line(sum, path) {
  const name = path.toString('latin1')
  const escaped = name.replace(/[\\\n\r]/g, (c) => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r' })[c])
  return Buffer.from(`${escaped === name ? '' : '\\'}${sum}  ${escaped}\n`, 'latin1')
}

// One directory tree.
class Tree {
  constructor(path, places) {
    this.places = places // how many tasks at a time
    this.meter = new Meter()
    this.failed = false // something could not be read or written
    this.level = [] // directories of the level of the tree that is being read
    this.below = [] // directories found in them
    this.files = []
    this.sums = [] // one for each of the files, in the same order
    this.done = 0 // files that were read, or could not be
    this.startAt(path)
  }

  // The main task.
  async run(task) {
    this.free = new Semaphore(task, this.places)
    await task.group(async (group) => {
      const meter = group.spawn((child) => this.meter.show(child, () => this.progress))
      try {
        await this.readDirectories(task)
        await this.sumFiles(task)
      } finally {
        meter.cancel()
      }
    })
    this.printSums()
  }

  get progress() {
    return `${this.done} of ${this.files.length} files`
  }

  complain(path, error) {
    const text = error instanceof Error ? TEXTS[error.code] ?? error.message : error
    this.meter.clear()
    write(STDERR, Buffer.concat([Buffer.from('treesum: '), Buffer.from(path), Buffer.from(`: ${text}\n`)]))
    this.failed = true
  }

  startAt(path) {
    try {
      const status = lstatSync(path)
      if (status.isDirectory()) this.level.push(Buffer.from(path))
      else if (status.isFile()) this.files.push(Buffer.from(path))
      else if (status.isSymbolicLink()) this.complain(path, 'Symbolic link; to follow it, append a /')
      else this.complain(path, 'Not a directory')
    } catch (error) {
      this.complain(path, error)
    }
  }

  // Has `work` done for each, at most N at a time, and waits for the end. The first failure, or a cancel of
  // the task, ends all of it.
  async eachOf(task, paths, work) {
    await task.group(async (group) => {
      for (const [index, path] of paths.entries()) {
        await this.free.acquire(task)
        group.spawn(async (child) => {
          try {
            await work(child, path, index)
          } finally {
            this.free.release()
          }
        })
      }
    })
  }

  // Level by level, so that the directories of a level can be read side by side. Symbolic links, devices and
  // the like are left out.
  async readDirectories(task) {
    while (this.level.length > 0) {
      await this.eachOf(task, this.level, async (child, path) => {
        const entries = await outcomeOf(child.until(readdir(path, { encoding: 'buffer', withFileTypes: true })))
        if (entries instanceof Error) return this.complain(path, entries)
        for (const entry of entries) {
          if (entry.isFile()) this.files.push(join(path, entry.name))
          else if (entry.isDirectory()) this.below.push(join(path, entry.name))
        }
      })
      this.level = this.below
      this.below = []
    }
  }

  async sumFiles(task) {
    this.files.sort(Buffer.compare)
    await this.eachOf(task, this.files, async (child, path, index) => {
      const sum = await outcomeOf(sumOf(path, child.signal))
      this.sums[index] = sum
      this.done++
      if (sum instanceof Error) this.complain(path, sum)
    })
  }

  // Does not wait, so that Ctrl-C comes before it or after it: there is no half a result.
  printSums() {
    const lines = this.files.flatMap((path, i) => this.sums[i] instanceof Error ? [] : [line(this.sums[i], path)])
    try {
      write(STDOUT, Buffer.concat(lines))
    } catch (error) {
      this.complain('standard output', error)
    }
  }
}

// ---- the program ----------------------------------------------------------------------------------

function usage(fd) {
  write(fd, `usage: treesum DIR [N]
Print the SHA-256 sum of every regular file below DIR, sorted by path.
N: how many files to read at the same time, 1 to ${MOST_JOBS}; default: 2 for each processor.
`)
}

// DIR and N, or an empty list if they are not as they should be.
function parse([dir, number, ...more]) {
  if (dir === undefined || dir.startsWith('-') || more.length > 0) return []
  if (number === undefined) return [dir, Math.min(2 * availableParallelism(), MOST_JOBS)]

  const jobs = /^[0-9]+$/.test(number) ? Number(number) : 0
  return jobs >= 1 && jobs <= MOST_JOBS ? [dir, jobs] : []
}

// The exit status. After Ctrl-C the process dies by the signal, as a shell expects it.
async function treesum(args) {
  if (args.length === 1 && args[0] === '--help') {
    usage(STDOUT)
    return 0
  }
  const [dir, jobs] = parse(args)
  if (dir === undefined) {
    usage(STDERR)
    return 2
  }
  const tree = new Tree(dir, jobs)
  try {
    if (!tree.failed) await run((task) => tree.run(task))
  } catch (error) {
    if (!(error instanceof KeyboardInterrupt)) throw error
    write(STDERR, `treesum: interrupted after ${tree.progress}\n`)
    process.kill(process.pid, 'SIGINT')
    return error.exitCode
  }
  return tree.failed ? 1 : 0
}

process.exitCode = await treesum(process.argv.slice(2))
