/** Checks that only some kinds of events need: of a new size, and of a replica that is to become the primary. */
import { platformRequestOf } from '../event-kinds/kinds.ts'
import type { Facts, ServerFacts } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import { plain } from '../units/units.ts'
import type { BeforeCheck, BeforeEvidence, Judgement } from './check.ts'
import { parameter } from './server.ts'

export const EVENT_CHECKS = [
  {
    id: 'scale-size',
    title: 'New size of the server',
    why: 'The platform refuses a size that it does not offer for the server, and a Burstable size has neither high availability nor PgBouncer.',
    judge: judgeSize,
    advice: 'Name another size in "events"; the platform lists the sizes of a server under its capabilities.',
  },
  {
    id: 'switchover-replica',
    title: 'Replica follows the server',
    why: 'The platform promotes only a read replica of the server that is Ready.',
    judge: judgeReplica,
    advice: 'Create a read replica, wait until it is Ready and its replication is Active, and name it in "events".',
  },
  {
    id: 'switchover-symmetry',
    title: 'Replica is as large as the server',
    why: 'The platform switches over only to a replica of the same tier, size and storage, and a smaller one could not carry the load.',
    judge: judgeSymmetry,
    advice: 'Give the replica the size and the storage of the server.',
  },
  {
    id: 'switchover-parameters',
    title: 'Parameters of the replica',
    why: 'The platform does not carry parameters over: after the switchover those of the replica are in force.',
    judge: judgeParameters,
    advice: 'Set the parameters of the replica to the values of the server.',
  },
  {
    id: 'switchover-pgbouncer',
    title: 'PgBouncer is enabled on the replica',
    why: 'The load goes through PgBouncer, also after the switchover, and the platform does not carry that setting over.',
    judge: judgePgBouncer,
    advice: 'Set the server parameter pgbouncer.enabled of the replica to true.',
  },
  {
    id: 'switchover-standby',
    title: 'High availability after the switchover',
    why: 'High availability does not go with the primary: until it is enabled on the replica, the new primary has no standby.',
    judge: judgeStandby,
    advice: 'After the switchover enable high availability on the new primary, or return home.',
  },
  {
    id: 'switchover-endpoint',
    title: 'Virtual endpoint',
    why: 'Only the name of a virtual endpoint leads to the new primary after a switchover.',
    judge: judgeEndpoint,
    advice: 'Create a virtual endpoint of type ReadWrite whose members are the server and the replica.',
  },
  {
    id: 'switchover-name',
    title: 'Name by which the load connects',
    why: "The server's own name stays with the server: after a switchover it leads to a replica, which takes no writes.",
    judge: judgeName,
    advice: 'Set POSTGRES_HOST of the app to the writer name of the virtual endpoint.',
  },
] as const satisfies readonly BeforeCheck[]

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** Known differences fail; nothing known is unknown. */
const without = (problems: readonly string[], seen: string, wanted: string): Judgement =>
  problems.length > 0 ? { verdict: 'fail', seen: problems.join('; '), wanted } : { verdict: 'pass', seen, wanted }

const unknown = (wanted: string, seen: string | null = null): Judgement => ({ verdict: 'unknown', seen, wanted })

// ---- Size ---------------------------------------------------------------------------------------------------------------

function judgeSize({ facts, plan }: BeforeEvidence): Judgement {
  const asked = plan.events.map(platformRequestOf).flatMap((one) => (one?.call === 'scale' ? [one.sku] : []))
  const wanted = 'a size that is offered for the server, not Burstable, and not the one before it'
  const today = facts.server?.sku?.name ?? null
  if (facts.sizes === null || facts.sizes.length === 0 || today === null) return unknown(wanted)
  const offered = facts.sizes
  const problems = asked.flatMap((name, i) => {
    const size = offered.find((one) => isSame(one.name, name))
    if (size === undefined) return [`${name} is not offered`]
    if (isSame(size.tier, 'Burstable')) return [`${name} is Burstable`]
    return isSame(name, asked[i - 1] ?? today) ? [`${name} is the size before it`] : []
  })
  return without(problems, [today, ...asked].join(' to '), wanted)
}

// ---- Replica ------------------------------------------------------------------------------------------------------------

const replicaName = ({ events }: DrillPlan): string => {
  for (const request of events.map(platformRequestOf)) if (request?.call === 'promote') return request.replica
  return ''
}

/** Undefined: it is not among them. Null: the replicas could not be seen. */
function replicaOf({ facts, plan }: BeforeEvidence): ServerFacts | undefined | null {
  const replicas = facts.switchover?.replicas ?? null
  return replicas === null ? null : replicas.find(({ name }) => isSame(name, replicaName(plan)))
}

function judgeReplica(evidence: BeforeEvidence): Judgement {
  const { facts, plan } = evidence
  const name = replicaName(plan)
  const wanted = `replica ${name}, Ready and Active`
  const replica = replicaOf(evidence)
  if (replica === null) return unknown(wanted)
  if (replica === undefined) {
    const names = facts.switchover?.replicas?.map((one) => one.name) ?? []
    const seen = names.length === 0 ? 'no replica' : `the replicas ${names.join(', ')}`
    return { verdict: 'fail', seen, wanted }
  }
  const { state } = replica.replication
  const problems = [
    ...(replica.state !== null && replica.state !== 'Ready' ? [`${name} is ${replica.state}`] : []),
    ...(state !== null && state !== 'Active' ? [`its replication is ${state}`] : []),
  ]
  if (problems.length === 0 && (replica.state === null || state === null)) return unknown(wanted)
  return without(problems, `${name} in ${replica.location}, ${replica.state}, ${state}`, wanted)
}

function judgeSymmetry(evidence: BeforeEvidence): Judgement {
  const wanted = 'the tier, size and storage of the server'
  const [replica, server] = [replicaOf(evidence) ?? null, evidence.facts.server]
  if (replica === null || server === null) return unknown(wanted)
  const pairs = [
    ['tier', server.sku?.tier ?? null, replica.sku?.tier ?? null],
    ['size', server.sku?.name ?? null, replica.sku?.name ?? null],
    ['storage', gigabytes(server), gigabytes(replica)],
  ] as const
  const problems = pairs.flatMap(([what, own, other]) =>
    own !== null && other !== null && !isSame(own, other) ? [`${what} ${other}, of the server ${own}`] : [],
  )
  const isKnown = pairs.every(([, own, other]) => own !== null && other !== null)
  if (problems.length === 0 && !isKnown) return unknown(wanted)
  return without(problems, pairs.map(([, , other]) => other).join(', '), wanted)
}

const gigabytes = ({ storage }: ServerFacts): string | null =>
  storage === null || storage.sizeGb === null ? null : `${plain(storage.sizeGb)} GB`

/** What changes how the load is served, or what it may do. The platform sets others by itself on each server. */
const THAT_MATTER =
  /^(pgbouncer\.(?!enabled$).*|max_(connections|prepared_transactions|worker_processes|wal_senders|replication_slots|locks_per_transaction|parallel_workers.*)|shared_(buffers|preload_libraries)|work_mem|wal_level|synchronous_commit|default_transaction_.*|(statement|lock|idle_in_transaction_session)_timeout|azure\.extensions|require_secure_transport|ssl_min_protocol_version)$/i
const MAX_NAMED = 8

function judgeParameters({ facts }: BeforeEvidence): Judgement {
  const wanted = 'the values of the server'
  const [own, others] = [facts.parameters, facts.switchover?.replicaParameters ?? null]
  if (own === null || others === null) return unknown(wanted)
  const compared = own.filter(({ name, value }) => value !== null && THAT_MATTER.test(name))
  const differing = compared.flatMap(({ name, value }) => {
    const other = others.find((one) => isSame(one.name, name))?.value ?? null
    return other !== null && other !== value ? [`${name} ${other}, of the server ${value}`] : []
  })
  if (compared.length === 0 || others.length === 0) return unknown(wanted)
  const more = differing.length > MAX_NAMED ? [`and ${differing.length - MAX_NAMED} more`] : []
  return without([...differing.slice(0, MAX_NAMED), ...more], `${compared.length} parameters alike`, wanted)
}

function judgePgBouncer({ facts }: BeforeEvidence): Judgement {
  const value = valueOnReplica(facts, 'pgbouncer.enabled')
  if (value === null) return unknown('true')
  const isOn = ['true', 'on', '1'].includes(value.toLowerCase())
  return { verdict: isOn ? 'pass' : 'fail', seen: value, wanted: 'true' }
}

const valueOnReplica = (facts: Facts, name: string): string | null =>
  parameter({ ...facts, parameters: facts.switchover?.replicaParameters ?? null }, name)

/** A warning, and no obstacle: the platform cannot enable it before the switchover. */
function judgeStandby(evidence: BeforeEvidence): Judgement {
  const wanted = 'a standby'
  const mode = replicaOf(evidence)?.highAvailability?.mode ?? null
  if (mode === null) return unknown(wanted)
  return mode === 'Disabled'
    ? unknown(wanted, 'none on the replica: the new primary will have no standby')
    : { verdict: 'pass', seen: mode, wanted }
}

// ---- Name ---------------------------------------------------------------------------------------------------------------

function judgeEndpoint({ facts, plan }: BeforeEvidence): Judgement {
  const name = replicaName(plan)
  const wanted = `a ReadWrite endpoint with ${plan.target.server} and ${name}`
  const endpoints = facts.switchover?.endpoints ?? null
  if (endpoints === null) return unknown(wanted)
  if (endpoints.length === 0) return { verdict: 'fail', seen: 'no virtual endpoint', wanted }
  // The server that owns the endpoint is one of its ends also where the list of members leaves it out.
  const suits = endpoints.find(
    ({ type, members }) => (type === null || isSame(type, 'ReadWrite')) && members.some((one) => isSame(one, name)),
  )
  const seen = endpoints.map((one) => `${one.name} (${one.members.join(', ')})`).join('; ')
  return { verdict: suits === undefined ? 'fail' : 'pass', seen, wanted }
}

function judgeName({ facts }: BeforeEvidence): Judgement {
  const { host = null, endpoints = null, replicas = null } = facts.switchover ?? {}
  const writers = (endpoints ?? []).flatMap(({ hosts }) => hosts.filter((one) => !one.includes('.reader.')))
  const wanted = writers.length === 0 ? 'the writer name of a virtual endpoint' : writers.join(' or ')
  if (host === null) return unknown(wanted)
  if (writers.some((one) => isSame(one, host))) return { verdict: 'pass', seen: host, wanted }
  const own = [facts.server, ...(replicas ?? [])].flatMap((server) => server?.fqdn ?? [])
  if (own.some((one) => isSame(one, host)))
    return { verdict: 'fail', seen: `${host}, the own name of a server`, wanted }
  return unknown(wanted, `${host}: whether it follows the primary is not known`)
}
