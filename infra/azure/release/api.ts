/** The API of the deployed app, as a caller reaches it: with its key, or with a token where the platform demands one. */
import * as z from 'zod'
import { CannotRun } from '../../local/process/problem.ts'
import { keys, read, settings } from './decisions/answers.ts'
import type { DeployedApp } from './deployed.ts'
import type { Release } from './release.ts'

export interface Api {
  readonly url: string
  /** What a request carries to be let in. */
  readonly headers: Readonly<Record<string, string>>
  get(path: string): Promise<Response>
}

const CALL_TIMEOUT_MS = 30_000

export async function apiOf(release: Release, app?: DeployedApp): Promise<Api> {
  const url = app?.apiUrl ?? (await release.output('DRILL_API_URL'))
  const name = app?.name ?? (await release.output('AZURE_FUNCTION_APP_NAME'))
  const headers = (await usesEntra(release, name)) ? await tokenOf(release, name) : await keyOf(release, name)
  return {
    url,
    headers,
    get: (path) => fetch(`${url}${path}`, { headers, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) }),
  }
}

const place = ({ group }: Release, app: string): string[] => ['--resource-group', group, '--name', app]

async function usesEntra(release: Release, app: string): Promise<boolean> {
  const answer = await release.az.run(['functionapp', 'config', 'appsettings', 'list', ...place(release, app)])
  const all = read(settings, answer, "the app's settings")
  return all.find(({ name }) => name === 'API_AUTH')?.value === 'entra'
}

async function keyOf(release: Release, app: string): Promise<Record<string, string>> {
  const answer = await release.az.run(['functionapp', 'keys', 'list', ...place(release, app)])
  const key = read(keys, answer, "the app's keys").functionKeys?.default
  if (!key) throw new CannotRun(`${app} has no function key yet`)
  return { 'x-functions-key': key }
}

const WEB_API = '2024-04-01'
const authentication = z.object({
  properties: z.object({
    identityProviders: z.object({
      azureActiveDirectory: z.object({ registration: z.object({ clientId: z.string() }) }),
    }),
  }),
})
const token = z.object({ accessToken: z.string() })

/** A token of the account that is signed in, for the application that the platform checks; it needs a role of that application. */
async function tokenOf(release: Release, app: string): Promise<Record<string, string>> {
  const { az, group } = release
  const site = `/subscriptions/${az.subscription}/resourceGroups/${group}/providers/Microsoft.Web/sites/${app}`
  const answer = await az.get(`${site}/config/authsettingsV2`, WEB_API)
  const { clientId } = read(authentication, answer, "the app's authentication").properties.identityProviders
    .azureActiveDirectory.registration
  const scope = `${clientId}/.default`
  const { accessToken } = read(token, await az.run(['account', 'get-access-token', '--scope', scope]), 'the token')
  return { authorization: `Bearer ${accessToken}` }
}
