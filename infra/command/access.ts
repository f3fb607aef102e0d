/** Which app a command talks to, and how that lets it in: by a function key, by a login of Microsoft Entra, or by the record of a local stack. */
import * as z from 'zod'
import { hideSecret } from '../../loadgen-image/contract/redact.ts'
import { type Az, createAz, type Execute } from '../azure/release/az.ts'
import { keys, read } from '../azure/release/decisions/answers.ts'
import type { AppAddress } from '../local/http/address.ts'
import { readAddress } from '../local/http/address.ts'
import type { Caller } from '../local/http/call.ts'
import { CannotRun, wordsOf } from '../local/process/problem.ts'
import { type LocalApi, runningApis } from '../local/stack/api-record.ts'

export interface Asked {
  readonly app: AppAddress | null
  readonly entra: boolean
  readonly entraClient: string | null
}

export interface Outside {
  readonly environment: NodeJS.ProcessEnv
  readonly execute: Execute
  readonly localApis: () => readonly LocalApi[]
  /** A token for this scope. */
  readonly token: (scope: string) => Promise<Token>
}

interface Token {
  readonly token: string
  readonly expiresAtMs: number
}

export interface Access {
  readonly address: AppAddress
  readonly caller: Caller
  /** Behind a command that attaches again. */
  readonly appOption: string
}

const KEY_VARIABLE = 'DRILL_FUNCTION_KEY'
const CLIENT_VARIABLE = 'DRILL_ENTRA_CLIENT'

export async function accessOf(asked: Asked, outside: Outside): Promise<Access> {
  const address = asked.app ?? localAddress(outside.localApis())
  const caller = await callerOf(address, asked, outside)
  const entra = asked.entra ? ` --entra${asked.entraClient === null ? '' : ` --entra-client ${asked.entraClient}`}` : ''
  return { address, caller, appOption: ` --app ${address.shown}${entra}` }
}

function localAddress(running: readonly LocalApi[]): AppAddress {
  const found = running.flatMap(({ url }) => {
    const read = readAddress(url)
    return 'address' in read ? [read.address] : []
  })
  const [only, ...others] = found
  if (only === undefined)
    throw new CannotRun('No app runs on this machine (npm start, or a drill). Name a deployed one with --app')
  if (others.length > 0)
    throw new CannotRun(
      `Several apps run on this machine: ${found.map(({ shown }) => shown).join(', ')}. Name one with --app`,
    )
  return only
}

async function callerOf(address: AppAddress, asked: Asked, outside: Outside): Promise<Caller> {
  if (asked.entra) return byToken(address, asked.entraClient, outside)
  const own = address.isLoopback ? outside.localApis().find(({ url }) => new URL(url).port === address.port) : undefined
  if (own !== undefined) return byKey(own.key, 'The local stack refuses its own key: it may just have been restarted')
  const given = outside.environment[KEY_VARIABLE]?.trim()
  if (given)
    return byKey(given, `The app refuses the key in ${KEY_VARIABLE}: it needs a function key or a host key of this app`)
  return byKey(await keyByAzure(address, outside), 'The app refuses the key that Azure reports for it')
}

// ---- Keys ---------------------------------------------------------------------------------------------------------------

function byKey(key: string, advice: string): Caller {
  // An error of the HTTP client would repeat a value that is no header.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new CannotRun(`${KEY_VARIABLE} holds characters that no function key has`)
  hideSecret(key)
  const headers = { 'x-functions-key': key }
  return { headers: async () => headers, advice }
}

const apps = z.array(
  z.object({
    name: z.string(),
    resourceGroup: z.string(),
    defaultHostName: z.string().nullish(),
    hostNames: z.array(z.string()).nullish(),
  }),
)
type App = z.infer<typeof apps>[number]

/** The Azure CLI is asked for the app of this host name, and then for its key. */
async function keyByAzure({ host }: AppAddress, outside: Outside): Promise<string> {
  try {
    const { az, app } = await appByAzure(host, outside)
    const place = ['--resource-group', app.resourceGroup, '--name', app.name]
    const key = read(keys, await az.run(['functionapp', 'keys', 'list', ...place]), "the app's keys").functionKeys
      ?.default
    if (key) return key
    throw new CannotRun(`${app.name} has no function key yet`)
  } catch (error) {
    throw new CannotRun(
      `There is no key for ${host}: ${KEY_VARIABLE} is not set, and the Azure CLI gave none (${wordsOf(error)}).\n` +
        `Set ${KEY_VARIABLE}, or run az login, or use --entra`,
    )
  }
}

async function appByAzure(
  host: string,
  { environment, execute }: Outside,
): Promise<{ readonly az: Az; readonly app: App }> {
  const az = await createAz(environment.AZURE_SUBSCRIPTION_ID || null, environment, execute)
  const all = read(apps, await az.run(['functionapp', 'list']), 'the list of function apps')
  const app = all.find(({ defaultHostName, hostNames }) => defaultHostName === host || hostNames?.includes(host))
  if (app !== undefined) return { az, app }
  throw new CannotRun(`the subscription ${az.subscription} has no function app of this host name`)
}

// ---- Logins -------------------------------------------------------------------------------------------------------------

/** Before its end a token is fetched again. */
const SPARE_MS = 5 * 60_000

async function byToken(address: AppAddress, given: string | null, outside: Outside): Promise<Caller> {
  const client = given ?? outside.environment[CLIENT_VARIABLE]?.trim() ?? ''
  const scope = `${client === '' ? await clientByAzure(address, outside) : client}/.default`
  let last: Token | null = null
  const fetched = async (): Promise<Token> => {
    try {
      const fresh = await outside.token(scope)
      hideSecret(fresh.token)
      return fresh
    } catch (error) {
      throw new CannotRun(
        `No token of Microsoft Entra for ${scope}: ${wordsOf(error)}. Run az login, or set the variables of a service principal`,
      )
    }
  }
  return {
    headers: async (isRefused) => {
      if (last === null || isRefused || last.expiresAtMs - Date.now() < SPARE_MS) last = await fetched()
      return { authorization: `Bearer ${last.token}` }
    },
    advice: 'The app refuses this login: it needs the app role Drill.Read, and Drill.Run to start or to end something',
  }
}

const authentication = z.object({
  properties: z.object({
    identityProviders: z.object({
      azureActiveDirectory: z.object({ registration: z.object({ clientId: z.string() }) }),
    }),
  }),
})
const WEB_API = '2024-04-01'

/**
 * Azure's record of the app says which application it checks. The app's own answer is not asked: an app that named another service
 * would get a token for that service.
 */
async function clientByAzure({ host }: AppAddress, outside: Outside): Promise<string> {
  try {
    const { az, app } = await appByAzure(host, outside)
    const site = `/subscriptions/${az.subscription}/resourceGroups/${app.resourceGroup}/providers/Microsoft.Web/sites/${app.name}`
    const answer = await az.get(`${site}/config/authsettingsV2`, WEB_API)
    const { identityProviders } = read(authentication, answer, "the app's authentication").properties
    return identityProviders.azureActiveDirectory.registration.clientId
  } catch (error) {
    throw new CannotRun(
      `The Azure CLI could not say which application ${host} checks (${wordsOf(error)}).\n` +
        `Name its client id with --entra-client or ${CLIENT_VARIABLE}`,
    )
  }
}

/** Loaded where it is needed: it takes longer to load than a call takes. */
async function tokenByIdentity(scope: string): Promise<Token> {
  const { AzureCliCredential, ChainedTokenCredential, DefaultAzureCredential } = await import('@azure/identity')
  const credential = new ChainedTokenCredential(new AzureCliCredential(), new DefaultAzureCredential())
  const { token, expiresOnTimestamp } = await credential.getToken(scope)
  return { token, expiresAtMs: expiresOnTimestamp }
}

export const realOutside = (execute: Execute): Outside => ({
  environment: process.env,
  execute,
  localApis: runningApis,
  token: tokenByIdentity,
})
