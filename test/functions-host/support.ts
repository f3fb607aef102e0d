/** A local Functions host with the small fixture app, in this process or in one of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { type Host, type HostLogLine, type HostOptions, startHost } from '../../infra/local/functions-host/host.ts'
import { aFolder } from '../support/folder.ts'

const SMALL_APP = resolve(import.meta.dirname, 'fixtures/small-app/app.ts')
export const KEYS = { master: 'the-master-key', host: 'the-host-key' }

export interface HostInTest extends Host {
  readonly lines: HostLogLine[]
}

export async function aHost(options: Partial<HostOptions> = {}): Promise<HostInTest> {
  const lines: HostLogLine[] = []
  const host = await startHost({
    app: SMALL_APP,
    stateDir: aFolder(),
    port: 0,
    keys: KEYS,
    log: (line) => lines.push(line),
    ...options,
  })
  onTestFinished(() => host.stop(0))
  return Object.assign(host, { lines })
}

interface DurableAnswer {
  readonly result?: unknown
  readonly error?: string
}

/** Calls a method of durable-functions' own client, inside the app. */
export async function durable(url: string, call: string, ...args: unknown[]): Promise<DurableAnswer> {
  const response = await fetch(`${url}/api/durable/${call}`, { method: 'POST', body: JSON.stringify(args) })
  return (await response.json()) as DurableAnswer
}

interface HostProcess {
  readonly url: string
  readonly child: ChildProcess
  kill(signal: NodeJS.Signals): Promise<number | null>
}

const MAIN = resolve(import.meta.dirname, '../../infra/local/functions-host/main.ts')

export async function aHostProcess(stateDir: string): Promise<HostProcess> {
  const keysFile = join(stateDir, '..', 'keys.json')
  writeFileSync(keysFile, JSON.stringify(KEYS))
  const args = [MAIN, '--app', SMALL_APP, '--state-dir', stateDir, '--keys', keysFile]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => output.push(String(chunk)))
  const kill = (signal: NodeJS.Signals) => killed(child, signal)
  onTestFinished(async () => void (await kill('SIGKILL')))
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the host ended with ${code}: ${output.join('')}`))),
  ])) as [string]
  return { url: (JSON.parse(line) as { url: string }).url, child, kill }
}

async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  child.kill(signal)
  const [code] = (await exited) as [number | null]
  return code
}

/** An app of a few lines, in a folder of its own that finds this repository's packages. */
export function anApp(code: string, hostJson = '{"version":"2.0"}'): string {
  const folder = aFolder()
  symlinkSync(resolve(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'host.json'), hostJson)
  writeFileSync(join(folder, 'app.mjs'), `import { app } from '@azure/functions'\n${code}`)
  return join(folder, 'app.mjs')
}
