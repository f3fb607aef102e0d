/** How the stack starts Azure's own Functions host, and when it counts as running; `func` is a stub. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { expect, onTestFinished, test, vi } from 'vitest'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { startFunctionsHost } from '../../infra/local/stack/functions-host.ts'
import { type Bench, withProcesses } from '../support/with-stack.ts'

/** Answers pings at once. Reports that it runs from the third status request on, and only to the master key. */
const STUB = `#!${process.execPath}
const { createServer } = require('node:http')
const { readFileSync, writeFileSync, readdirSync } = require('node:fs')
const folder = process.env.FUNCTIONS_SECRETS_PATH
const { masterKey } = JSON.parse(readFileSync(folder + '/host.json', 'utf8'))
writeFileSync(process.env.SAW, JSON.stringify({ cwd: process.cwd(), files: readdirSync('.').sort(), env: process.env }))
let looks = 0
createServer((request, response) => {
  const isStatus = request.url === '/admin/host/status'
  if (isStatus && request.headers['x-functions-key'] !== masterKey.value) return response.writeHead(401).end()
  if (isStatus) looks += 1
  response.end(JSON.stringify({ state: looks < 3 ? 'Error' : 'Running', looks }))
}).listen(Number(process.argv[4]), '127.0.0.1')
`

async function started({ folder, processes }: Bench, app: string) {
  const stub = join(folder.path, 'func')
  writeFileSync(stub, STUB)
  chmodSync(stub, 0o755)
  vi.stubEnv('FUNCTIONS_HOST', stub)
  onTestFinished(() => void vi.unstubAllEnvs())
  const saw = join(folder.path, 'saw.json')
  const host = await startFunctionsHost(folder, processes, {
    kind: 'functions',
    port: await holdFreePort(folder),
    app,
    settings: { SAW: saw },
    functionKey: 'the-key-of-the-stack',
    storage: 'UseDevelopmentStorage=true',
    onEvent: () => undefined,
  })
  const { looks } = (await (await fetch(`${host.url}/admin/host/ping`)).json()) as { readonly looks: number }
  const { cwd, files, env } = JSON.parse(readFileSync(saw, 'utf8'))
  const secrets = JSON.parse(readFileSync(join(env.FUNCTIONS_SECRETS_PATH, 'host.json'), 'utf8'))
  await host.stop()
  return { looks, cwd, files, env, secrets }
}

test("Azure's host runs the folder of --package with the stack's key, and counts as running when its status says so", () =>
  withProcesses(async (bench) => {
    const app = join(bench.folder.path, 'an-app')
    mkdirSync(app)
    const { looks, cwd, env, secrets } = await started(bench, app)
    expect({ looks, cwd }).toEqual({ looks: 3, cwd: app })
    expect(secrets.functionKeys).toEqual([{ name: 'default', value: 'the-key-of-the-stack', encrypted: false }])
    expect(env).toMatchObject({ FUNCTIONS_WORKER_RUNTIME: 'node', AzureWebJobsSecretStorageType: 'files' })
  }))

test("Azure's host runs the unpacked zip of --package", () =>
  withProcesses(async (bench) => {
    const zip = join(bench.folder.path, 'app.zip')
    const text = (content: string) => new TextEncoder().encode(content)
    writeFileSync(zip, zipSync({ 'host.json': text('{}'), 'package.json': text('{"main":"app.js"}') }))
    expect((await started(bench, zip)).files).toEqual(['host.json', 'package.json'])
  }))
