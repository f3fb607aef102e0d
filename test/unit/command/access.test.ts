/** How a command finds its app, and what it is let in with. */
import { expect, test } from 'vitest'
import { type Asked, accessOf, type Outside } from '../../../infra/command/access.ts'
import { readAddress } from '../../../infra/local/http/address.ts'

const appAt = (url: string) => {
  const read = readAddress(url)
  if ('problem' in read) throw new Error(read.problem)
  return read.address
}
const DEPLOYED = appAt('https://func-drill.azurewebsites.net')
const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111'
const CLIENT = '22222222-2222-4222-8222-222222222222'
const LOCAL = { url: 'http://127.0.0.1:7071/api', key: 'key-of-the-stack' }
const APP = { name: 'func-drill', resourceGroup: 'rg-drill', defaultHostName: 'func-drill.azurewebsites.net' }

function outsideOf({ environment = {}, localApis = () => [], ...own }: Partial<Outside> = {}) {
  const calls: string[] = []
  const outside: Outside = {
    environment,
    localApis,
    execute: async (args) => {
      const words = args.filter((arg) => !arg.startsWith('--only')).join(' ')
      calls.push(words)
      const answers: ReadonlyArray<readonly [string, unknown]> = [
        ['account show', { id: SUBSCRIPTION }],
        ['functionapp list', [{ ...APP, name: 'other', defaultHostName: 'other.azurewebsites.net' }, APP]],
        ['functionapp keys list', { functionKeys: { default: 'key-of-azure' } }],
        [
          'rest',
          { properties: { identityProviders: { azureActiveDirectory: { registration: { clientId: CLIENT } } } } },
        ],
      ]
      const answer = answers.find(([start]) => words.startsWith(start))?.[1]
      return { code: 0, stdout: JSON.stringify(answer), stderr: '' }
    },
    token: async (scope) => ({ token: `token for ${scope}`, expiresAtMs: Date.now() + 3_600_000 }),
    ...own,
  }
  return { outside, calls }
}

const asked = (own: Partial<Asked> = {}): Asked => ({ app: DEPLOYED, entra: false, entraClient: null, ...own })
const headersFor = async (own: Partial<Asked>, outside: Outside) =>
  (await accessOf(asked(own), outside)).caller.headers(false)
const messageOf = (own: Partial<Asked>, outside: Outside): Promise<string> =>
  accessOf(asked(own), outside).then(
    () => '',
    (error: Error) => error.message,
  )

test('the key comes from DRILL_FUNCTION_KEY, and Azure is not asked', async () => {
  const { outside, calls } = outsideOf({ environment: { DRILL_FUNCTION_KEY: ' key-of-the-caller\n' } })
  expect(await headersFor({}, outside)).toEqual({ 'x-functions-key': 'key-of-the-caller' })
  expect(calls).toEqual([])
})

test('without it the Azure CLI is asked for the key of the app with this host name', async () => {
  const { outside, calls } = outsideOf()
  expect(await headersFor({}, outside)).toEqual({ 'x-functions-key': 'key-of-azure' })
  expect(calls.at(-1)).toContain('functionapp keys list --resource-group rg-drill --name func-drill')
})

test('an app that the subscription does not have, and a CLI that is missing: one message with what to do', async () => {
  const { outside } = outsideOf()
  const unknown = await messageOf({ app: appAt('https://nowhere.example') }, outside)
  expect(unknown).toContain('has no function app of this host name')
  const missing = outsideOf({ execute: () => Promise.reject(new Error('az is not on the PATH')) })
  for (const message of [unknown, await messageOf({}, missing.outside)])
    expect(message).toMatch(/^There is no key for .*\nSet DRILL_FUNCTION_KEY, or run az login, or use --entra$/)
})

test('a key with characters that no header holds is refused, and not repeated', async () => {
  const { outside } = outsideOf({ environment: { DRILL_FUNCTION_KEY: 'kqzjxv\nkqzjxv' } })
  const message = await messageOf({}, outside)
  expect(message).toContain('DRILL_FUNCTION_KEY holds characters')
  expect(message).not.toContain('kqzjxv')
})

test('the app that runs on this machine is found with its key, and no key for another app is sent to it', async () => {
  const { outside } = outsideOf({ environment: { DRILL_FUNCTION_KEY: 'key-of-azure' }, localApis: () => [LOCAL] })
  for (const app of [null, appAt('http://127.0.0.1:7071'), appAt('http://localhost:7071')]) {
    const { address, caller } = await accessOf(asked({ app }), outside)
    expect(address.port).toBe('7071')
    expect(await caller.headers(false)).toEqual({ 'x-functions-key': LOCAL.key })
  }
  // A tunnel to another app.
  expect(await headersFor({ app: appAt('http://127.0.0.1:9000') }, outside)).toEqual({
    'x-functions-key': 'key-of-azure',
  })
})

test('no app on this machine, or several, is a question for --app', async () => {
  expect(await messageOf({ app: null }, outsideOf().outside)).toMatch(/^No app runs on this machine .* --app$/)
  const two = outsideOf({ localApis: () => [LOCAL, { ...LOCAL, url: 'http://127.0.0.1:7072/api' }] })
  expect(await messageOf({ app: null }, two.outside)).toBe(
    'Several apps run on this machine: http://127.0.0.1:7071, http://127.0.0.1:7072. Name one with --app',
  )
})

test('a login is for the application that is named, or that Azure names, and never for one that the app names', async () => {
  const scope = { authorization: `Bearer token for ${CLIENT}/.default` }
  const { outside, calls } = outsideOf()
  expect(await headersFor({ entra: true, entraClient: CLIENT }, outside)).toEqual(scope)
  expect(calls).toEqual([])
  expect(await headersFor({ entra: true }, outside)).toEqual(scope)
  const { outside: byVariable, calls: none } = outsideOf({ environment: { DRILL_ENTRA_CLIENT: CLIENT } })
  expect([await headersFor({ entra: true }, byVariable), none]).toEqual([scope, []])
  const missing = outsideOf({ execute: () => Promise.reject(new Error('az is not on the PATH')) })
  expect(await messageOf({ entra: true }, missing.outside)).toContain('Name its client id with --entra-client')
})

test('a token is kept while it lasts, and fetched again shortly before its end and when it is refused', async () => {
  let fetched = 0
  let livesMs = 3_600_000
  const token = async () => ({ token: `t${++fetched}`, expiresAtMs: Date.now() + livesMs })
  const { outside } = outsideOf({ token })
  const { caller } = await accessOf(asked({ entra: true, entraClient: CLIENT }), outside)
  const next = async (isRefused: boolean) => (await caller.headers(isRefused)).authorization
  expect([await next(false), await next(false), await next(true)]).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2'])
  livesMs = 60_000
  expect([await next(true), await next(false)]).toEqual(['Bearer t3', 'Bearer t4'])
})

test('a command that attaches again names the app and the way in', async () => {
  const { outside } = outsideOf()
  expect((await accessOf(asked({ entra: true, entraClient: CLIENT }), outside)).appOption).toBe(
    ` --app https://func-drill.azurewebsites.net --entra --entra-client ${CLIENT}`,
  )
})
