/** The activity log and the resource health of a server. */
import { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible'
import type { PlatformRecord } from '../../model/facts.ts'
import type { PlatformLogs } from '../clients.ts'
import { type AzureAccess, managementOptions, type RawResponse } from './azure.ts'

const LOG_VERSION = '2015-04-01'
const HEALTH_VERSION = '2025-04-01'
/** The log of a busy server can be long, and is context alone. */
const MAX_RECORDS = 200

/** Reads a path of Resource Manager. */
type Read = (path: string) => Promise<unknown>
type OperationSpec = Parameters<PostgreSQLManagementFlexibleServerClient['sendOperationRequest']>[1]

export function createPlatformLogs(access: AzureAccess): PlatformLogs {
  const { credential, subscriptionId, endpoint } = access
  // Its pipeline alone: the client of the activity log drops the words of a refusal, and there is none of Resource Health here.
  const client = new PostgreSQLManagementFlexibleServerClient(credential, subscriptionId, managementOptions(access))
  const read: Read = async (path) => {
    let body: unknown = null
    const onResponse = ({ parsedBody }: RawResponse) => {
      body = parsedBody
    }
    // Without parameters nothing is serialised.
    const spec = { path, httpMethod: 'GET', baseUrl: endpoint, responses: { 200: {} } } as unknown as OperationSpec
    await client.sendOperationRequest({ options: { onResponse } }, spec)
    return body
  }
  const orSay = (right: string) => (cause: unknown) => {
    throw new Error(`it could not be read; the app's identity needs ${right}`, { cause })
  }
  return {
    activities: (serverId, fromIso, toIso) =>
      readActivities(
        read,
        { ...access, subscriptionId: subscriptionOf(serverId) ?? subscriptionId },
        filterOf(serverId, fromIso, toIso),
      ).catch(orSay('Microsoft.Insights/eventtypes/values/read on the subscription')),
    health: (serverId) =>
      readHealth(read, serverId).catch(orSay('Microsoft.ResourceHealth/availabilityStatuses/read on the server')),
  }
}

// ---- Activity log -------------------------------------------------------------------------------------------------------

interface Localizable {
  readonly value?: string
  readonly localizedValue?: string
}

interface ActivityEvent {
  readonly eventTimestamp?: string
  readonly operationName?: Localizable
  readonly status?: Localizable
  readonly caller?: string
}

const subscriptionOf = (serverId: string): string | undefined => /^\/subscriptions\/([^/]+)\//i.exec(serverId)?.[1]

const filterOf = (serverId: string, fromIso: string, toIso: string): string =>
  `eventTimestamp ge '${fromIso}' and eventTimestamp le '${toIso}' and resourceUri eq '${serverId}'`

async function readActivities(
  read: Read,
  { subscriptionId, endpoint }: AzureAccess,
  filter: string,
): Promise<PlatformRecord[]> {
  const values = `/subscriptions/${subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values`
  const records: PlatformRecord[] = []
  let next: string | undefined = `${values}?api-version=${LOG_VERSION}&$filter=${encodeURIComponent(filter)}`
  while (next !== undefined && records.length < MAX_RECORDS) {
    const page = (await read(next)) as { readonly value?: readonly ActivityEvent[]; readonly nextLink?: string } | null
    records.push(...(page?.value ?? []).flatMap(activityRecord))
    const link = page?.nextLink ?? ''
    // The token goes to no other host.
    next = link.startsWith(`${endpoint}/`) ? link : undefined
  }
  return records.slice(0, MAX_RECORDS).toSorted(byTime)
}

function activityRecord({ eventTimestamp, operationName, status, caller }: ActivityEvent): PlatformRecord[] {
  const atMs = Date.parse(eventTimestamp ?? '')
  if (Number.isNaN(atMs)) return []
  const words = [operationName, status].map((one) => one?.localizedValue || one?.value).filter(Boolean)
  const what = words.length === 0 ? 'an entry without words' : words.join(': ')
  return [{ at: new Date(atMs).toISOString(), what: caller ? `${what}, by ${caller}` : what }]
}

// ---- Resource health ----------------------------------------------------------------------------------------------------

interface HealthStatus {
  readonly properties?: {
    readonly availabilityState?: string
    readonly title?: string
    readonly summary?: string
    readonly reasonType?: string
    /** The service spells it in both ways. */
    readonly occuredTime?: string
    readonly occurredTime?: string
  }
}

/** The states of the server so far, which the service keeps for some weeks. */
async function readHealth(read: Read, serverId: string): Promise<PlatformRecord[]> {
  const statuses = `${serverId}/providers/Microsoft.ResourceHealth/availabilityStatuses`
  const body = (await read(`${statuses}?api-version=${HEALTH_VERSION}`)) as { readonly value?: readonly HealthStatus[] }
  return (body?.value ?? []).flatMap(healthRecord).slice(0, MAX_RECORDS).toSorted(byTime)
}

function healthRecord({ properties = {} }: HealthStatus): PlatformRecord[] {
  const { availabilityState, title, summary, reasonType, occuredTime, occurredTime } = properties
  const atMs = Date.parse(occuredTime ?? occurredTime ?? '')
  if (Number.isNaN(atMs) || !availabilityState) return []
  const state = reasonType ? `${availabilityState} (${reasonType})` : availabilityState
  return [{ at: new Date(atMs).toISOString(), what: [state, summary || title].filter(Boolean).join(': ') }]
}

const byTime = (one: PlatformRecord, other: PlatformRecord): number => Date.parse(one.at) - Date.parse(other.at)
