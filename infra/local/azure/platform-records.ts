/** What the platform records by itself: the activity log of accepted requests, and the resource health of a server. */
import { randomUUID } from 'node:crypto'
import type { Cluster } from '../cluster/cluster.ts'
import { type Addressed, ArmError, FLEXIBLE_SERVERS, isSame, type Place, serverId } from './arm/arm.ts'
import type { Operation } from './arm/operations.ts'

interface Activity {
  readonly place: Place
  /** Behind the type of the resource: restart/action. */
  readonly action: string
  readonly method: string
  readonly operation: Operation
}

export class ActivityLog {
  readonly #all: Activity[] = []

  note(activity: Activity): void {
    this.#all.push(activity)
  }

  /** Of one server and one time, newest first. The service takes no filter without a time. */
  document(filter: string | undefined) {
    const { fromMs, toMs, id } = readFilter(filter)
    const events = this.#all
      .filter(({ place }) => isSame(serverId(place), id))
      .flatMap(eventsOf)
      .filter(({ eventTimestamp }) => Date.parse(eventTimestamp) >= fromMs && Date.parse(eventTimestamp) <= toMs)
    return { value: events.toSorted((a, b) => Date.parse(b.eventTimestamp) - Date.parse(a.eventTimestamp)) }
  }
}

const FILTER = /^eventTimestamp ge '([^']+)' and eventTimestamp le '([^']+)' and resourceUri eq '([^']+)'$/

function readFilter(filter = '') {
  const [, from = '', to = '', id = ''] = FILTER.exec(filter) ?? []
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
  if (Number.isNaN(fromMs) || Number.isNaN(toMs))
    throw new ArmError(400, 'BadRequest', 'The $filter must hold a range of eventTimestamp and one resourceUri.')
  return { fromMs, toMs, id }
}

/** An entry when the request was accepted, and one when its operation ended. */
function eventsOf(activity: Activity) {
  const { startedAt, endedAt, status } = activity.operation
  const accepted = eventOf(activity, 'BeginRequest', 'Accepted', startedAt)
  return endedAt === null ? [accepted] : [accepted, eventOf(activity, 'EndRequest', status, endedAt)]
}

const both = (value: string) => ({ value, localizedValue: value })

function eventOf({ place, action, method, operation }: Activity, name: string, status: string, at: Date) {
  const id = serverId(place)
  const eventDataId = randomUUID()
  return {
    authorization: { action: `${FLEXIBLE_SERVERS}/${action}`, role: 'Owner', scope: id },
    caller: 'a-user-of-this-machine',
    correlationId: operation.id,
    description: '',
    eventDataId,
    eventName: both(name),
    httpRequest: { clientRequestId: operation.id, clientIpAddress: '127.0.0.1', method },
    id: `${id}/events/${eventDataId}/ticks/${at.getTime()}`,
    level: 'Informational',
    resourceGroupName: place.resourceGroup,
    resourceProviderName: both('Microsoft.DBforPostgreSQL'),
    resourceId: id,
    operationId: operation.id,
    operationName: both(`${FLEXIBLE_SERVERS}/${action}`),
    properties: { statusCode: status },
    status: both(status),
    subStatus: both(''),
    eventTimestamp: at.toISOString(),
    submissionTimestamp: at.toISOString(),
    subscriptionId: place.subscriptionId,
  }
}

// ---- Resource health --------------------------------------------------------------------------------------------------

/** Each change between alive and not, by the samples of the server; newest first. */
export function healthDocument({ site, place }: Addressed, cluster: Cluster) {
  const alive = cluster
    .samples(site)
    .flatMap(({ atMs, values }) => (values.is_db_alive === undefined ? [] : [{ atMs, isUp: values.is_db_alive > 0 }]))
  const changes = alive.filter(({ isUp }, i) => isUp !== alive[i - 1]?.isUp)
  return { value: changes.map((change, i) => statusOf(place, change, i === changes.length - 1)).toReversed() }
}

function statusOf(place: Place, { atMs, isUp }: { readonly atMs: number; readonly isUp: boolean }, isCurrent: boolean) {
  const state = isUp ? 'Available' : 'Unavailable'
  const name = isCurrent ? 'current' : String(atMs)
  return {
    id: `${serverId(place)}/providers/Microsoft.ResourceHealth/availabilityStatuses/${name}`,
    name,
    type: 'Microsoft.ResourceHealth/AvailabilityStatuses',
    location: place.location,
    properties: {
      availabilityState: state,
      title: state,
      summary: isUp ? 'The server answers.' : 'The server does not answer.',
      reasonType: isUp ? '' : 'Unplanned',
      context: isUp ? '' : 'Platform Initiated',
      category: isUp ? '' : 'Unplanned',
      reasonChronicity: isUp ? 'Persistent' : 'Transient',
      detailedStatus: '',
      occuredTime: new Date(atMs).toISOString(),
      reportedTime: new Date(atMs).toISOString(),
    },
  }
}
