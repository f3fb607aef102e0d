/**
 * A program for tests that kill it: it makes a stack folder, starts a process that has a child of its own, says what it did on
 * one line, and waits to be killed.
 */
import { Processes } from '../../infra/local/process/processes.ts'
import { createStackFolder } from '../../infra/local/process/stack-folder.ts'

const GRANDPARENT = `
  const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
  console.log(child.pid)
  setInterval(() => {}, 1e6)`

const folder = createStackFolder()
const child = new Processes(folder).start({ name: 'parent', command: process.execPath, args: ['-e', GRANDPARENT] })
const timer = setInterval(() => {
  const grandchild = Number.parseInt(child.log(), 10)
  if (Number.isNaN(grandchild)) return
  clearInterval(timer)
  console.log(JSON.stringify({ id: folder.id, path: folder.path, pids: [child.pid, grandchild] }))
  setInterval(() => {}, 1_000_000)
}, 20)
