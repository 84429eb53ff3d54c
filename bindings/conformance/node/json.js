'use strict'

// Values of JSON are null, true, false, strings, numbers, arrays and Maps. A Map keeps the order of the
// keys, in which offences are told: an object would have those first that look like an index. Of a key
// that stands there twice the last value counts.
//
// A number that is no integer, or that a double cannot hold exactly, is NaN: nothing takes it.

// As many as interpreters in other languages take.
const MOST_LEVELS = 2048

const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/
const OTHERS = /true|false|null|[[\]{}:,]|$/
const TOKEN = new RegExp(`[ \\t\\r\\n]*(${[STRING, NUMBER, OTHERS].map((part) => part.source).join('|')})`, 'y')
const END = ''

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

class NotJson extends Error {}

class Parser {
  constructor(text) {
    this._text = text
    this._at = 0
  }

  document() {
    const value = this._value(this._token(), 0)
    this._expect(this._token(), END)
    return value
  }

  _token() {
    TOKEN.lastIndex = this._at
    const found = TOKEN.exec(this._text)
    if (found === null) throw new NotJson()
    this._at = TOKEN.lastIndex
    return found[1]
  }

  _expect(token, wanted) {
    if (token !== wanted) throw new NotJson()
  }

  // The value that begins with a token, inside so many others.
  _value(token, level) {
    if (level > MOST_LEVELS) throw new NotJson()
    switch (token) {
      case '{': return this._object(level)
      case '[': return this._array(level)
      case 'null': return null
      case 'true': return true
      case 'false': return false
      case '}': case ']': case ':': case ',': case END: throw new NotJson()
      default: return token.startsWith('"') ? string(token) : number(token)
    }
  }

  _array(level) {
    const list = []
    let token = this._token()
    while (token !== ']') {
      list.push(this._value(token, level + 1))
      token = this._after(']')
    }
    return list
  }

  _object(level) {
    const members = new Map()
    let token = this._token()
    while (token !== '}') {
      if (!token.startsWith('"')) throw new NotJson()
      this._expect(this._token(), ':')
      members.set(string(token), this._value(this._token(), level + 1))
      token = this._after('}')
    }
    return members
  }

  // What follows a member: the end, or the token with which the next one begins.
  _after(end) {
    const token = this._token()
    if (token === end) return end
    this._expect(token, ',')
    const next = this._token()
    if (next === end) throw new NotJson()
    return next
  }
}

function string(token) {
  const text = JSON.parse(token)
  if (!text.isWellFormed()) throw new NotJson() // half of a surrogate pair
  return text
}

function number(token) {
  const value = Number(token)
  if (/[.eE]/.test(token)) return NaN
  return Number.isSafeInteger(value) || String(value) === token ? value : NaN
}

// The value of a text in UTF-8; undefined if it is not JSON.
function parse(data) {
  try {
    return new Parser(UTF8.decode(data)).document()
  } catch (error) {
    if (error instanceof NotJson || error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return undefined
    throw error
  }
}

module.exports = { parse }
