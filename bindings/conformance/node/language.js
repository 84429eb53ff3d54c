'use strict'

// The operations of the language: their arguments, and where they may stand.

// The kinds of arguments in the words of an offence.
const KINDS = {
  text: 'a text',
  number: 'a number',
  time: 'a time',
  count: 'a count', // a number that is not negative
  name: 'a name',
  names: 'a list of names',
  someNames: 'a list of names', // at least one
  errorName: 'an error name',
  task: 'a task',
  ops: 'a list of operations',
  handlers: 'handlers',
  flag: 'true or false',
  mode: 'a mode',
  timeOrNull: 'a time or null'
}

// What try can have, in the order in which it is read.
const HANDLERS = ['cancelled', 'error', 'timeout', 'group', 'finally']

// space: the namespace in which something has to make the name; a variable and a closable have none, as
//   nothing has to make them.
// makes: what the operation binds the name to.
// needs: what a handle that is only used has to be.
const a = (kind, space, { makes, needs } = {}) => ({ kind, space, makes, needs })

// opens: what stands inside the operation, as its last argument.
// inCallback: it may stand in a callback.
const operation = (parameters, { opens, inCallback = false } = {}) => ({ parameters, opens, inCallback })

const TEXT = a('text')
const NUMBER = a('number')
const TIME = a('time')
const COUNT = a('count')
const ERROR = a('errorName')
const TASK = a('task')
const OPS = a('ops')
const NAME = a('name')
const HANDLE = a('name', 'handle')
const FUTURE = a('name', 'handle', { needs: 'future' })
const NEW_TASK = a('name', 'handle', { makes: 'task' })
const EVENT = a('name', 'event')
const LOCK = a('name', 'lock')
const SEMAPHORE = a('name', 'semaphore')
const QUEUE = a('name', 'queue')

// No object: a program may call an operation what every object has.
const OPERATIONS = new Map(Object.entries({
  log: operation([TEXT], { inCallback: true }),
  yield: operation([]),
  sleep: operation([TIME]),
  spawn: operation([NEW_TASK, TASK]),
  await: operation([HANDLE]),
  return: operation([NUMBER]),
  fail: operation([ERROR]),
  raise: operation([]),
  try: operation([OPS, a('handlers')], { opens: 'try' }),
  cancel: operation([HANDLE], { inCallback: true }),
  cancel_self: operation([]),
  cancelling: operation([]),
  uncancel: operation([]),
  state: operation([HANDLE]),
  future: operation([a('name', 'handle', { makes: 'future' })]),
  resolve: operation([FUTURE, NUMBER], { inCallback: true }),
  reject: operation([FUTURE, ERROR], { inCallback: true }),
  shield: operation([HANDLE]),
  gather: operation([a('names', 'handle'), a('flag')]),
  wait: operation([a('someNames', 'handle'), a('mode'), a('timeOrNull')]),
  group: operation([OPS], { opens: 'group' }),
  gspawn: operation([NEW_TASK, TASK]),
  timeout: operation([TIME, OPS], { opens: 'block' }),
  event_new: operation([a('name', 'event', { makes: 'event' })]),
  event_set: operation([EVENT], { inCallback: true }),
  event_clear: operation([EVENT]),
  event_wait: operation([EVENT]),
  lock_new: operation([a('name', 'lock', { makes: 'lock' })]),
  lock: operation([LOCK, OPS], { opens: 'block' }),
  sem_new: operation([a('name', 'semaphore', { makes: 'semaphore' }), COUNT]),
  sem: operation([SEMAPHORE, OPS], { opens: 'block' }),
  queue_new: operation([a('name', 'queue', { makes: 'queue' }), COUNT]),
  put: operation([QUEUE, NUMBER]),
  get: operation([QUEUE]),
  call_soon: operation([OPS], { opens: 'callback', inCallback: true }),
  call_later: operation([TIME, OPS], { opens: 'callback', inCallback: true }),
  var_set: operation([NAME, NUMBER]),
  var_get: operation([NAME]),
  closable: operation([NAME, OPS], { opens: 'closable' }),
  repeat: operation([COUNT, OPS], { opens: 'block' })
}))

module.exports = { HANDLERS, KINDS, OPERATIONS }
