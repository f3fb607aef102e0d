/** For the tests of a file: the generator as a user starts it, in an empty folder for each test, with a database behind PgBouncer. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, onTestFinished } from 'vitest'
import { baseEnvironment } from '../../../infra/local/process/processes.ts'
import { urlOf } from '../../../loadgen-image/connection/url.ts'
import type { LoadSummary } from '../../../loadgen-image/contract/glossary.ts'
import { type OpenDatabase, openDatabase, type TestDatabase } from './database.ts'

export const MAIN = fileURLToPath(new URL('../../../loadgen-image/main.ts', import.meta.url))
export const PATIENCE_MS = 60_000

export interface Started {
  readonly process: ChildProcess
  readonly out: () => string
  readonly errors: () => string
  /** Both, as on a screen. */
  readonly log: () => string
  readonly ended: Promise<number | null>
}

export function generatorProgram() {
  let open: OpenDatabase
  let folder: string
  beforeAll(async () => {
    open = await openDatabase('async')
  }, 120_000)
  afterAll(() => open?.close())
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loadgen-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  return {
    get database(): TestDatabase {
      return open.database
    },
    file: (name: string) => join(folder, name),
    summary: () => JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as LoadSummary,
    /** Through PgBouncer, unless the environment names another server. */
    start: (environment: Readonly<Record<string, string>> = {}, options: readonly string[] = []) =>
      started(folder, options, { POSTGRES_CONNECTION_STRING: urlOf(open.database.pooled), ...environment }),
  }
}

function started(cwd: string, options: readonly string[], environment: Readonly<Record<string, string>>): Started {
  const usual = { TARGET_TPS: '50', WORKER_COUNT: '4', TEST_DURATION: '2', START_TIMEOUT: '5' }
  const env = { ...baseEnvironment(), ...usual, ...environment }
  const child = spawn(process.execPath, [...options, MAIN], { cwd, stdio: ['ignore', 'pipe', 'pipe'], env })
  const texts = { out: '', errors: '', log: '' }
  for (const [stream, name] of [[child.stdout, 'out'] as const, [child.stderr, 'errors'] as const])
    stream.on('data', (part: Buffer) => {
      texts[name] += part.toString()
      texts.log += part.toString()
    })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { process: child, out: () => texts.out, errors: () => texts.errors, log: () => texts.log, ended }
}
