'use strict'

// What a close has found.

const C = require('./native')
const K = require('./constants')

const KINDS = new Map(['CANCELED', 'FAILED', 'REFUSED', 'ABANDONED', 'CLOSABLE', 'JOB', 'HANDLE', 'DEADLOCK']
  .map((name) => [K[`RUNNER_REPORT_${name}`], name === 'CANCELED' ? 'cancelled' : name.toLowerCase()]))

class ReportEntry {
  constructor(kind, code, id, name, waits) {
    this.kind = KINDS.get(kind) ?? 'unknown'
    this.code = code === 0 ? undefined : C.runner_error_name(code)
    this.id = id === 0 ? undefined : id
    this.name = name ?? undefined
    this.waits = waits ?? undefined
  }

  toString() {
    const text = this.name === undefined ? this.kind : `${this.kind} ${this.name}`
    const waits = this.waits === undefined ? '' : `, waits for ${this.waits}`
    const code = this.code === undefined || this.kind === 'cancelled' || this.kind === 'deadlock' ? '' : `: ${this.code}`
    return text + waits + code
  }
}

function reportOf(core) {
  const entries = []
  for (let i = 0; i < C.runner_report_count(core, 0); i++) {
    const [code, item] = C.runner_report_get(core, i)
    if (code === 0) entries.push(new ReportEntry(...item))
  }
  return entries
}

module.exports = { ReportEntry, reportOf }
