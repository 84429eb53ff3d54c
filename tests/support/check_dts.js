'use strict'

// node check_dts.js FOLDER_OF_THE_PACKAGE
// Whether index.d.ts says of every public name what the program has, and nothing else: functions, classes
// with their bases, methods and properties, how many parameters they take. And whether each is documented:
// a text, each parameter, what comes back, since when, no link to nowhere. Public is what does not begin
// with `_`. The ES module has to have the same names.
//
// It needs typescript, where `require` finds it, and an addon that can be loaded.

const fs = require('node:fs')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { inspect } = require('node:util')
const ts = require('typescript')

// What every object may have, without being declared.
const EVERYWHERE = new Set(['constructor', 'prototype', 'length', 'name', Symbol.toStringTag, inspect.custom])
const SEES_NONE = ['void', 'never', 'Promise<void>', 'Wait<void>']

class Check {
  constructor(folder) {
    this.folder = path.resolve(folder)
    this.faults = []
    this.count = 0
    this.lib = require(this.folder)
    const file = path.join(this.folder, 'index.d.ts')
    this.source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
    this.declared = new Map() // name: its declarations, several of an overloaded function
    for (const node of this.source.statements) {
      const name = node.name?.text
      if (name === undefined) this.fault(this.place(node), 'is no declaration of one name')
      else this.declared.set(name, [...(this.declared.get(name) ?? []), node])
    }
  }

  fault(name, what) {
    this.faults.push(`${name}: ${what}`)
  }

  place(node) {
    return `index.d.ts:${this.source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
  }

  async run() {
    for (const [name, nodes] of this.declared) this.checkDeclared(name, nodes)
    for (const name of Object.keys(this.lib)) {
      if (!this.declared.has(name)) this.fault(name, 'is exported, and not declared')
    }
    this.checkLinks()
    await this.checkModule()
  }

  // ---- names -------------------------------------------------------------------------------------

  checkDeclared(name, nodes) {
    const [node] = nodes
    this.count++
    if (!ts.canHaveModifiers(node) || !ts.getModifiers(node)?.some((is) => is.kind === ts.SyntaxKind.ExportKeyword)) {
      this.fault(name, 'is not exported')
    }
    this.checkText(name, nodes, true)
    if (ts.isInterfaceDeclaration(node)) return this.checkMembers(name, node.members, null)
    if (ts.isTypeAliasDeclaration(node)) return
    const value = this.lib[name]
    if (typeof value !== 'function') return this.fault(name, 'is declared, and lib/index.js does not export it')
    if (ts.isClassDeclaration(node) !== isClass(value)) return this.fault(name, 'is no class, or is one')
    if (!ts.isClassDeclaration(node)) return this.checkParameters(name, nodes, value)
    this.checkBase(name, node, value)
    this.checkMembers(name, node.members, value)
  }

  // Bases that nobody sees are not declared.
  checkBase(name, node, type) {
    const real = visibleBase(type, this.lib)?.name
    const said = node.heritageClauses?.find((clause) => clause.token === ts.SyntaxKind.ExtendsKeyword)
      ?.types[0].expression.getText()
    if (real !== said) this.fault(name, `extends ${real}, not ${said}`)
  }

  // ---- members -----------------------------------------------------------------------------------

  checkMembers(owner, members, type) {
    const found = new Map()
    for (const member of members) {
      const name = memberName(member)
      const key = isStatic(member) ? `static ${name}` : name
      found.set(key, [...(found.get(key) ?? []), member])
    }
    for (const [key, nodes] of found) {
      if (isHidden(nodes[0])) continue
      this.count++
      this.checkText(`${owner}.${key}`, nodes, false)
      if (type !== null) this.checkMember(`${owner}.${key}`, nodes, type)
    }
    if (type === null) return
    for (const key of publicKeys(type, this.lib)) {
      if (!found.has(key)) this.fault(`${owner}.${key}`, 'is there, and not declared')
    }
  }

  checkMember(full, nodes, type) {
    const [node] = nodes
    if (ts.isConstructorDeclaration(node)) return this.checkParameters(full, nodes, type)
    const real = lookUp(isStatic(node) ? type : type.prototype, memberName(node))
    if (ts.isMethodDeclaration(node)) {
      if (real?.get !== undefined) return // which function it gives is not known
      if (typeof real?.value !== 'function') return this.fault(full, 'is declared as a method, and is none')
      return this.checkParameters(full, nodes, real.value)
    }
    const fixed = ts.getModifiers(node)?.some((is) => is.kind === ts.SyntaxKind.ReadonlyKeyword) ?? false
    if (real?.get !== undefined) {
      if ((real.set === undefined) !== fixed) this.fault(full, 'can be set, or cannot, other than declared')
    } else if (!fieldsOf(type).has(memberName(node))) {
      this.fault(full, 'is declared as a property, and is none')
    }
  }

  // Those that may be left out may still count for the length of a function.
  checkParameters(full, nodes, fn) {
    const lists = nodes.map((node) => node.parameters.filter((one) => one.name.getText() !== 'this'))
    const least = Math.min(...lists.map((list) => list.filter((one) => !isOptional(one)).length))
    const most = Math.max(...lists.map((list) => list.some((one) => one.dotDotDotToken) ? Infinity : list.length))
    if (isClass(fn) && !/\bconstructor\s*\(/.test(String(fn))) return // that of its base
    if (fn.length < least || fn.length > most) {
      this.fault(full, `takes ${fn.length} parameters, and is declared with ${least} to ${most}`)
    }
  }

  // ---- texts -------------------------------------------------------------------------------------

  // An overload without a text of its own has that of the first.
  checkText(full, nodes, needsSince) {
    const texts = nodes.map((node) => commentOf(node))
    if (texts[0] === null) return this.fault(full, 'has no text')
    nodes.forEach((node, i) => {
      const text = texts[i] ?? texts[0]
      const wanted = (node.parameters ?? []).map((one) => one.name.getText())
      const described = tags(text, 'param').map((tag) => tag.split(/\s/)[0])
      for (const name of wanted) if (!described.includes(name)) this.fault(full, `lacks @param ${name}`)
      const all = texts[i] === null || i === 0 ? nodes.flatMap(parameterNames) : wanted
      for (const name of described) if (!all.includes(name)) this.fault(full, `has no parameter for @param ${name}`)
      for (const tag of tags(text, 'param')) {
        if (!/^\w+ - \S/.test(tag)) this.fault(full, `@param ${tag}: not "name - text"`)
      }
      if (needsReturns(node) && tags(text, 'returns').length === 0) this.fault(full, 'lacks @returns')
      if (needsSince && tags(text, 'since').length === 0) this.fault(full, 'lacks @since')
      if (!hasSummary(text) && tags(text, 'returns').length === 0 && !ts.isConstructorDeclaration(node)) {
        this.fault(full, 'lacks a text')
      }
    })
  }

  checkLinks() {
    const text = this.source.text
    for (const [, link] of text.matchAll(/\{@link\s+([^\s}|]+)/g)) {
      const [name, member] = link.split('.')
      const nodes = this.declared.get(name)
      const members = nodes?.[0].members?.map(memberName) ?? []
      if (nodes === undefined || (member !== undefined && !members.includes(member))) {
        this.fault(link, 'is linked, and not declared')
      }
    }
  }

  // ---- the ES module -----------------------------------------------------------------------------

  async checkModule() {
    let module
    try {
      module = await import(pathToFileURL(path.join(this.folder, 'lib/index.mjs')))
    } catch (error) {
      return this.fault('lib/index.mjs', error.message)
    }
    const names = new Set([...Object.keys(module), ...Object.keys(this.lib)])
    for (const name of names) {
      if (module[name] !== this.lib[name]) this.fault(name, 'is not the same in lib/index.mjs')
    }
    const types = fs.readFileSync(path.join(this.folder, 'index.d.mts'), 'utf8')
    if (types.trim() !== "export * from './index.js'") this.fault('index.d.mts', 'says other than index.d.ts')
  }
}

// ---- of declarations -------------------------------------------------------------------------------

function memberName(node) {
  if (ts.isConstructorDeclaration(node)) return 'constructor'
  return node.name === undefined ? node.getText() : node.name.getText().replace(/^\[(.*)\]$/, '$1')
}

function isStatic(node) {
  return ts.canHaveModifiers(node) &&
    (ts.getModifiers(node)?.some((is) => is.kind === ts.SyntaxKind.StaticKeyword) ?? false)
}

function isHidden(node) {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some((is) =>
    is.kind === ts.SyntaxKind.PrivateKeyword || is.kind === ts.SyntaxKind.ProtectedKeyword) ?? false)
}

function isOptional(parameter) {
  return parameter.questionToken !== undefined || parameter.dotDotDotToken !== undefined
}

function parameterNames(node) {
  return (node.parameters ?? []).map((one) => one.name.getText())
}

// The comment right before it, without what marks it, or null.
function commentOf(node) {
  const text = node.getSourceFile().text
  const ranges = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []
  const last = ranges.filter((range) => text.startsWith('/**', range.pos)).at(-1)
  if (last === undefined) return null
  return text.slice(last.pos + 3, last.end - 2).replace(/^[ \t]*\* ?/gm, '').trim()
}

// The texts of its tags of that name, one line each.
function tags(text, name) {
  return text.split(/^@/m).filter((part) => part.startsWith(`${name} `))
    .map((part) => part.slice(name.length).replace(/\s+/g, ' ').trim())
}

function hasSummary(text) {
  return text !== '' && !text.startsWith('@')
}

function needsReturns(node) {
  if (!ts.isMethodDeclaration(node) && !ts.isFunctionDeclaration(node) && !ts.isMethodSignature(node)) return false
  return !SEES_NONE.includes(node.type?.getText())
}

// ---- of the program --------------------------------------------------------------------------------

function isClass(value) {
  return typeof value === 'function' && /^class\b/.test(String(value))
}

// The next base that is exported, or that everybody has; undefined is none.
function visibleBase(type, lib) {
  const base = Object.getPrototypeOf(type)
  if (base === Function.prototype) return undefined
  return lib[base.name] === base || globalThis[base.name] === base ? base : visibleBase(base, lib)
}

// The class, and the bases of it that nobody sees.
function chain(type, lib) {
  const all = []
  for (const end = visibleBase(type, lib) ?? Function.prototype; type !== end; type = Object.getPrototypeOf(type)) {
    all.push(type)
  }
  return all
}

function publicKeys(type, lib) {
  const keys = new Set()
  for (const one of chain(type, lib)) {
    for (const key of Reflect.ownKeys(one.prototype)) add(key, '')
    for (const key of Reflect.ownKeys(one)) add(key, 'static ')
    for (const key of assigned(one)) add(key, '')
  }
  return keys

  function add(key, kind) {
    if (EVERYWHERE.has(key) || (typeof key === 'string' && key.startsWith('_'))) return
    keys.add(kind + (typeof key === 'symbol' ? symbolName(key) : key))
  }
}

function symbolName(symbol) {
  const known = Object.getOwnPropertyNames(Symbol).find((name) => Symbol[name] === symbol)
  return known === undefined ? String(symbol) : `Symbol.${known}`
}

// What the methods of a class set in an object.
function assigned(type) {
  return [...String(type).matchAll(/\bthis\.([A-Za-z]\w*)\s*=[^=]/g)].map(([, name]) => name)
    .filter((name) => lookUp(type.prototype, name)?.set === undefined)
}

// With what its bases set.
function fieldsOf(type) {
  const fields = new Set()
  for (let one = type; isClass(one); one = Object.getPrototypeOf(one)) {
    for (const name of assigned(one)) fields.add(name)
  }
  if (type.prototype instanceof AggregateError) fields.add('errors')
  return fields
}

// The property descriptor of a name, as `object[name]` finds it.
function lookUp(object, name) {
  const symbol = /^Symbol\.(\w+)$/.exec(name)
  const key = symbol === null ? name : Symbol[symbol[1]]
  for (; object !== null && object !== undefined; object = Object.getPrototypeOf(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, key)
    if (descriptor !== undefined) return descriptor
  }
  return undefined
}

async function main() {
  const check = new Check(process.argv[2] ?? '.')
  await check.run()
  const faults = [...new Set(check.faults)].sort()
  for (const fault of faults) console.log(fault)
  console.log(`${check.count} names, ${faults.length} faults`)
  process.exitCode = faults.length === 0 && check.count > 0 ? 0 : 1
}

main()
