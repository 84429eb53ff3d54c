// Node finds the names of the CommonJS module by reading it: they stand in one literal there.
export * from './index.js'
