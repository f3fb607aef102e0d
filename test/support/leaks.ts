/** What a stack may not leave behind: processes that carry its marker, listening ports, folders. */
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { carries, identityOf } from '../../infra/local/process/process-table.ts'
import { stateDirectory } from '../../infra/local/process/stack-folder.ts'

/** Pids of living processes that were started by the stack with this id. */
export function processesOf(stackId: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && identityOf(pid) !== null && carries(pid, stackId))
}

/** Folders of all stacks. */
export const stackFolders = (base = stateDirectory()): string[] =>
  readdirSync(base)
    .filter((name) => /^pg-failover-drill-[0-9a-f]{10}$/.test(name))
    .map((name) => join(base, name))

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
