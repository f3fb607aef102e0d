/** A proxy of the environment gets no call that stays on this machine. In processes of their own: Node and the SDK read it once. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/command.ts'

const NOBODY_THERE = 'http://127.0.0.1:9'
const PROXIES = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'].map((name) => [
    name,
    NOBODY_THERE,
  ]),
)

/** Says whether `call` reaches a server on this machine. */
function printed(setUp: string, call: string, environment: NodeJS.ProcessEnv = {}): string {
  const script = `
    import { createServer } from 'node:http'
    ${setUp}
    let reached = false
    const server = createServer((_, answer) => { reached = true; answer.end() }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const error = await (${call})('http://127.0.0.1:' + server.address().port).then(() => '', String)
    console.log(reached ? 'reached' : 'not reached ' + error)
    process.exit()`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...PROXIES, ...environment },
  })
  return stdout.trim() || stderr
}

const imported = (what: string, file: string) => `import { ${what} } from ${JSON.stringify(join(ROOT, file))}`

const drop = `${imported('dropProxies', 'infra/local/process/processes.ts')}; dropProxies()`

const CLIENT = `async (url) => {
  const { ContainerClient } = await import('@azure/storage-blob')
  const client = new ContainerClient(url + '/c', undefined, { retryOptions: { maxTries: 1 } })
  await client.exists()
}`
const exempt = `${imported('exemptThisMachine', 'functions/clients/azure/azure.ts')}; exemptThisMachine()`

test.each([
  ['the local stack, with a proxy that is no URL', drop, { HTTP_PROXY: '127.0.0.1:9' }],
  ['the app', exempt, {}],
  ['the app, beside exceptions of its own', exempt, { NO_PROXY: 'example.com' }],
])('the SDK in %s goes straight to this machine', (_, setUp, environment) => {
  expect(printed(setUp, CLIENT, environment)).toBe('reached')
})

test('a proxy still serves the app for what is elsewhere', () => {
  const elsewhere = CLIENT.replace("url + '/c'", "'http://storage.example/c'")
  expect(printed(exempt, elsewhere)).toMatch(/ECONNREFUSED 127\.0\.0\.1:9/)
})
