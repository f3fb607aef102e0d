/** A client that commits one number after the other through a port of the local stack, through every outage behind it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import { openSql } from './sql.ts'

export interface Commit {
  readonly n: number
  /** When the server had acknowledged it. */
  readonly atMs: number
}

export interface CommitStream {
  /** In order. */
  readonly acknowledged: readonly Commit[]
  stop(): Promise<void>
}

export const STREAM_TABLE = 'CREATE TABLE IF NOT EXISTS kept (n int PRIMARY KEY)'
const STATEMENT_LIMIT_MS = 5_000

/** The first number is 1. A number whose answer was lost is not sent again. */
export function startCommits(target: ServerTarget, everyMs = 2): CommitStream {
  const acknowledged: Commit[] = []
  let isOver = false
  let n = 0
  const commitUntilBroken = async () => {
    const { client } = await openSql(target)
    client.on('error', () => {})
    try {
      while (!isOver) {
        n++
        const inTime = AbortSignal.timeout(STATEMENT_LIMIT_MS)
        await Promise.race([client.query('INSERT INTO kept VALUES ($1)', [n]), rejection(inTime)])
        acknowledged.push({ n, atMs: performance.now() })
        await sleep(everyMs)
      }
    } finally {
      void client.end().catch(() => {})
    }
  }
  const running = (async () => {
    while (!isOver) await commitUntilBroken().catch(() => sleep(10))
  })()
  return {
    acknowledged,
    stop: () => {
      isOver = true
      return running
    },
  }
}

const rejection = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

/** The longest time without an acknowledgement. */
export function longestGapMs(commits: readonly Commit[]): number {
  const gaps = commits.slice(1).map(({ atMs }, i) => atMs - (commits[i]?.atMs ?? atMs))
  return Math.max(0, ...gaps)
}
