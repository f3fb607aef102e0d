/**
 * App and server of an environment: by the outputs of its deployment, else by their tags. A deployment that failed has no outputs,
 * although an earlier one made everything: a drill may run there, and its zones may be swapped.
 */
import * as z from 'zod'
import { type Resource, read, resources, type Server, server as serverAnswer } from './decisions/answers.ts'
import { missingAsNull, type Release } from './release.ts'

export const POSTGRES_API = '2025-08-01'

export interface DeployedApp {
  readonly name: string
  readonly apiUrl: string
}

/** Null: there is none. */
export async function findApp(release: Release): Promise<DeployedApp | null> {
  const [name, apiUrl] = await Promise.all([
    release.outputOrNull('AZURE_FUNCTION_APP_NAME'),
    release.outputOrNull('DRILL_API_URL'),
  ])
  if (name !== null && apiUrl !== null) return { name, apiUrl }
  const tagged = await findTagged(release, 'Microsoft.Web/sites')
  return tagged === null ? null : { name: tagged.name, apiUrl: `https://${await hostOf(release, tagged.name)}/api` }
}

const site = z.object({ defaultHostName: z.string() })

async function hostOf({ az, group }: Release, name: string): Promise<string> {
  const answer = await az.run(['functionapp', 'show', '--resource-group', group, '--name', name])
  return read(site, answer, 'the app').defaultHostName
}

/** The server that an earlier deployment created; null: none. */
export async function findServer(release: Release): Promise<Server | null> {
  const id = await serverId(release)
  if (id === null) return null
  const answer = await release.az.get(id, POSTGRES_API).catch(missingAsNull)
  return answer === null ? null : read(serverAnswer, answer, 'the server')
}

async function serverId(release: Release): Promise<string | null> {
  const creates = await release.outputOrNull('CREATES_SERVER')
  if (creates !== null) return creates.toLowerCase() === 'true' ? serverPath(release) : null
  return (await findTagged(release, 'Microsoft.DBforPostgreSQL/flexibleServers'))?.id ?? null
}

export async function serverPath({ az, output }: Release): Promise<string> {
  const [name, group] = await Promise.all([output('POSTGRES_SERVER'), output('POSTGRES_RESOURCE_GROUP')])
  return `/subscriptions/${az.subscription}/resourceGroups/${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${name}`
}

/** The tags are the template's. */
async function findTagged({ az, group, options, environment }: Release, type: string): Promise<Resource | null> {
  const answer = await az
    .run(['resource', 'list', '--resource-group', group, '--resource-type', type])
    .catch(missingAsNull)
  if (answer === null) return null
  const given = options.parameter.find((text) => text.startsWith('environmentName='))?.split('=')[1]
  const name = given ?? environment.AZURE_ENV_NAME ?? 'drill'
  const isOurs = ({ tags }: Resource) => tags?.project === 'pg-failover-drill' && tags['azd-env-name'] === name
  return read(resources, answer, 'the resources').find(isOurs) ?? null
}
