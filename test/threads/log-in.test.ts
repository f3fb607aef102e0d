/** Where psql would connect, and in which order; what each address said; and that nothing but the target decides. */
import { spawnSync } from 'node:child_process'
import { lookup } from 'node:dns/promises'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { type AllAddressesFailed, withClient } from '../../loadgen-image/connection/log-in.ts'
import {
  DEFAULT_SESSION,
  oneServer,
  type ServerPlace,
  type ServerTarget,
  type Tls,
  VERIFIED,
} from '../../loadgen-image/connection/target.ts'
import { inspectServer } from '../../loadgen-image/run/preflight.ts'
import { ROOT } from '../support/command.ts'
import { eventually } from '../support/eventually.ts'
import { type Answer, fakePostgres } from '../support/fake-postgres.ts'
import { aFolder } from '../support/folder.ts'
import { HOSTILE_ENVIRONMENT } from '../support/hostile-environment.ts'
import { freePort } from '../support/ports.ts'

vi.mock('node:dns/promises', { spy: true })
afterEach(() => {
  vi.mocked(lookup).mockReset()
  vi.unstubAllEnvs()
})

const WELCOME: Answer = { kind: 'welcome' }
const LOGIN = { database: 'shop', user: 'load', password: 'secret' }

const at = (places: readonly Partial<ServerPlace>[], changes: Partial<ServerTarget> = {}): ServerTarget => ({
  ...oneServer({ host: '', port: 0, ...LOGIN }),
  places: places.map((place) => ({ host: '127.0.0.1', address: null, port: 0, ...place })),
  ...changes,
})

const logIn = (target: ServerTarget, timeoutMs = 20_000): Promise<void> =>
  withClient(target, { timeoutMs }, async () => {})
const failureOf = (target: ServerTarget, timeoutMs?: number): Promise<AllAddressesFailed> =>
  logIn(target, timeoutMs).then(
    () => expect.fail('it connected'),
    (error: AllAddressesFailed) => error,
  )

const resolvesTo = (...addresses: readonly string[]) =>
  vi.mocked(lookup).mockResolvedValue(addresses.map((address) => ({ address, family: 4 })) as never)

test('a name with two addresses connects at the one where the server listens', async () => {
  const server = await fakePostgres(WELCOME)
  resolvesTo('127.0.0.2', '127.0.0.1')
  await logIn(at([{ host: 'localhost', port: server.port }]))
  expect(server.heard).toHaveLength(1)
})

test('addresses are asked for in the order of the resolver, not in the order that the process prefers', async () => {
  resolvesTo('127.0.0.1')
  const server = await fakePostgres(WELCOME)
  await logIn(at([{ host: 'db.example', port: server.port }]))
  expect(vi.mocked(lookup).mock.calls).toEqual([['db.example', { all: true, order: 'verbatim' }]])
})

test('an address in the connection string is used, and its name is not resolved', async () => {
  const server = await fakePostgres(WELCOME)
  await logIn(at([{ host: 'db.example', address: '127.0.0.1', port: server.port }]))
  expect(lookup).not.toHaveBeenCalled()
})

test('several hosts are tried in order, each at its own port', async () => {
  const [first, second] = [await fakePostgres(WELCOME), await fakePostgres(WELCOME)]
  await logIn(at([{ port: await freePort() }, { port: first.port }, { port: second.port }]))
  expect([first.heard.length, second.heard.length]).toEqual([1, 0])
})

test('a name that does not exist leads to the next host', async () => {
  const server = await fakePostgres(WELCOME)
  vi.mocked(lookup).mockRejectedValue(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }))
  await logIn(at([{ host: 'gone.example', port: 1 }, { port: server.port }]))
  expect(server.heard).toHaveLength(1)
})

test('when all fail, each address has its own error', async () => {
  const port = await freePort()
  resolvesTo('127.0.0.2', '127.0.0.1')
  const { attempts, code } = await failureOf(at([{ host: 'localhost', port }]))
  expect(code).toBe('ECONNREFUSED')
  expect(attempts.map(({ where, error }) => [where, error.code])).toEqual([
    [`127.0.0.2:${port}`, 'ECONNREFUSED'],
    [`127.0.0.1:${port}`, 'ECONNREFUSED'],
  ])
})

test('a host that accepts and is silent costs its share of the time, and then the next one is tried', async () => {
  const [silent, server] = [await fakePostgres({ kind: 'silence' }), await fakePostgres(WELCOME)]
  await logIn(at([{ port: silent.port }, { port: server.port }]), 2_000)
  expect(server.heard).toHaveLength(1)
  await eventually('the silent connection is closed', 10_000, () => silent.open === 0)
})

test('connect_timeout limits one address', async () => {
  const [silent, server] = [await fakePostgres({ kind: 'silence' }), await fakePostgres(WELCOME)]
  const session = { ...DEFAULT_SESSION, addressTimeoutMs: 200 }
  await logIn(at([{ port: silent.port }, { port: server.port }], { session }), 3_600_000)
  expect(server.heard).toHaveLength(1)
})

test('a folder is the folder of a unix socket', async () => {
  const folder = aFolder()
  const server = await fakePostgres(WELCOME, { folder })
  // Never encrypted, in any mode.
  await logIn(at([{ host: folder, port: 5432 }], { tls: VERIFIED }))
  expect(server.heard).toEqual([expect.objectContaining({ user: 'load' })])
  expect(lookup).not.toHaveBeenCalled()
})

test.each(['28P01', '3D000', '53300'])(
  'a refusal %s ends the search: another address would say the same',
  async (code) => {
    const [refusing, server] = [await fakePostgres({ kind: 'error', code }), await fakePostgres(WELCOME)]
    expect(await failureOf(at([{ port: refusing.port }, { port: server.port }]))).toMatchObject({ code })
    expect(server.heard).toEqual([])
  },
)

test('a server that is starting leads to the next host', async () => {
  const [starting, server] = [await fakePostgres({ kind: 'error', code: '57P03' }), await fakePostgres(WELCOME)]
  await logIn(at([{ port: starting.port }, { port: server.port }]))
  expect(server.heard).toHaveLength(1)
})

test('read-write passes over a server that is read-only; without it the first one is taken', async () => {
  const standby = await fakePostgres({ kind: 'welcome', readOnly: true })
  const primary = await fakePostgres(WELCOME)
  const places = [{ port: standby.port }, { port: primary.port }]
  await logIn(at(places))
  expect(primary.heard).toHaveLength(0)
  const session = { ...DEFAULT_SESSION, mustWrite: true }
  await logIn(at(places, { session }))
  expect(primary.heard).toHaveLength(1)
  expect(await failureOf(at([{ port: standby.port }], { session }))).toMatchObject({ code: '25006' })
})

// ---- Encryption -----------------------------------------------------------------------------------------------------

const tls = (mode: Tls['mode']): Tls => ({ ...VERIFIED, mode, verifiesAuthority: false })

test('prefer takes a server without TLS, and remembers it; require does not take it', async () => {
  const server = await fakePostgres(WELCOME)
  const prefer = at([{ port: server.port }], { tls: tls('prefer') })
  await logIn(prefer)
  await logIn(prefer)
  expect(server.heard.map((first) => (first === 'tls?' ? first : 'plain'))).toEqual(['tls?', 'plain', 'plain'])
  const error = await failureOf(at([{ port: server.port }], { tls: tls('require') }))
  expect(error.message).toMatch(/does not support SSL/)
})

test('allow begins without TLS, and asks for it where a rule of the server refuses that', async () => {
  const refusing = await fakePostgres({ kind: 'error', code: '28000' })
  await failureOf(at([{ port: refusing.port }], { tls: tls('allow') }))
  expect(refusing.heard.map((first) => (first === 'tls?' ? first : 'plain'))).toEqual(['plain', 'tls?'])
})

// ---- Passwords ------------------------------------------------------------------------------------------------------

test('without a password: said at once where the server asks for one, and nothing stays open', async () => {
  const server = await fakePostgres({ kind: 'password' })
  const target = { ...at([{ port: server.port }]), password: '' }
  const looked = inspectServer(target, { transactions: 'ledger', connectTimeoutMs: 3_600_000 }, null)
  await expect(looked).rejects.toMatchObject({
    message: expect.stringMatching(/asks for a password, and no password was given\. Next: put it into/),
    code: 'no-password',
    isPassing: false,
  })
  await eventually('the connection is closed', 10_000, () => server.open === 0)
})

// ---- The environment ------------------------------------------------------------------------------------------------

/** pg always sends it. */
const UTF8 = { client_encoding: 'UTF8' }

test("no variable of the caller's decides how a connection is made, or what is sent first", async () => {
  for (const [name, value] of Object.entries(HOSTILE_ENVIRONMENT)) vi.stubEnv(name, value)
  const server = await fakePostgres(WELCOME)
  await logIn(at([{ port: server.port }]))
  expect(server.heard).toEqual([{ ...UTF8, user: 'load', database: 'shop', application_name: 'pg-failover-drill' }])
})

test("a password that was not given is not taken from the caller's", async () => {
  for (const [name, value] of Object.entries(HOSTILE_ENVIRONMENT)) vi.stubEnv(name, value)
  const server = await fakePostgres({ kind: 'password' })
  expect(await failureOf({ ...at([{ port: server.port }]), password: '' })).toMatchObject({ code: 'no-password' })
})

test('what the connection string itself asks for is sent', async () => {
  const server = await fakePostgres(WELCOME)
  const session = { ...DEFAULT_SESSION, applicationName: 'night', options: '-c a=b' }
  await logIn(at([{ port: server.port }], { session }))
  expect(server.heard).toEqual([
    { ...UTF8, user: 'load', database: 'shop', application_name: 'night', options: '-c a=b' },
  ])
})

test('NODE_PG_FORCE_NATIVE does not put another client in the place of this one', () => {
  const url = JSON.stringify(join(ROOT, 'loadgen-image/connection/client.ts'))
  const script = `const { createClient } = await import(${url}); console.log(typeof createClient)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, NODE_PG_FORCE_NATIVE: '1' },
  })
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: 'function', stderr: '' })
})
