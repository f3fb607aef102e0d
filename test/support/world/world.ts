/** A made-up Azure with a database in it, on one clock: everything behind the clients of the app. */

import type { Clients, Webhook } from '../../../functions/clients/clients.ts'
import { unreachableLoad } from '../../../functions/clients/postgres/load-session.ts'
import { unreachable } from '../../../functions/clients/postgres/session-facts.ts'
import type {
  LoadSessionFacts,
  MetricSeries,
  PlatformRecord,
  SchemaFacts,
  SessionFacts,
  WalPosition,
} from '../../../functions/model/facts.ts'
import { blobNames, type GoSignal } from '../../../loadgen-image/contract/glossary.ts'
import { goodLoadSession, goodSchema, goodSession } from '../good-facts.ts'
import { MemoryBlobs } from '../memory-blobs.ts'
import { MemoryTable } from '../memory-table.ts'
import { WorldClock } from './clock.ts'
import { type GeneratorCourse, steadyCourse } from './generator.ts'
import { FakeGroups, type GroupsOptions } from './groups.ts'
import { Rows } from './rows.ts'
import { type FailoverCourse, FakeServer, type PostFate, type ServerOptions } from './server.ts'

export interface WorldOptions {
  readonly startAtMs?: number
  readonly courses?: readonly FailoverCourse[]
  readonly posts?: readonly PostFate[]
  readonly server?: Omit<Partial<ServerOptions>, 'courses' | 'posts'>
  /** Whose load gives the trouble its times. */
  readonly drillId?: string
  /** The database's clock minus the true time. */
  readonly databaseOffsetMs?: number
  readonly generator?: (container: number) => Partial<GeneratorCourse>
  readonly groups?: Partial<GroupsOptions>
  readonly schema?: Partial<SchemaFacts>
  readonly loadSession?: Partial<LoadSessionFacts>
  readonly session?: (via: SessionFacts['via']) => Partial<SessionFacts>
  readonly imageExists?: boolean
  /** What a reading of the WAL position has instead; it may throw. */
  readonly walPosition?: (nowMs: number) => Partial<WalPosition>
  /** Metrics arrive this much later. */
  readonly metricsLagMs?: number
  /** What the platform recorded by itself; it may throw. */
  readonly activities?: () => readonly PlatformRecord[]
  readonly health?: () => readonly PlatformRecord[]
  /** What the SDK throws instead of metrics; null: they are read. */
  readonly metricsRefusal?: () => Error | null
  /** Answers of the webhook, in order; the last one repeats. Absent: none is configured. */
  readonly webhook?: readonly ('ok' | 'fails')[]
  /** The secret in the connection string of the load generators. */
  readonly password?: string
}

export const usualCourse: FailoverCourse = { detectMs: 800, outageMs: 6_000, rebuildMs: 12_000, lostMs: 0 }
export const START_AT_MS = Date.UTC(2026, 0, 1)

export type World = ReturnType<typeof createWorld>

export function createWorld(options: WorldOptions = {}) {
  const clock = new WorldClock(options.startAtMs ?? START_AT_MS)
  const blobs = new MemoryBlobs(() => clock.nowMs)
  const table = new MemoryTable()
  table.isAway = () => blobs.isAway()
  const server = new FakeServer(clock, {
    courses: options.courses ?? [usualCourse],
    posts: options.posts ?? ['accepted'],
    ...options.server,
  })
  const { drillId = 'drill-1', databaseOffsetMs = 0 } = options
  server.loadStartMs = () => blobs.peek<GoSignal>(blobNames.go(drillId))?.startAtMs ?? null
  const rows = new Rows(server)
  const groups = new FakeGroups(
    clock,
    { blobs, server, rows, databaseOffsetMs },
    {
      course: (container) => ({ ...steadyCourse, ...options.generator?.(container) }),
      deletingMs: 2_000,
      ...options.groups,
    },
  )
  const webhook = fakeWebhook(options.webhook)
  const metrics = fakeMetrics(clock, options)
  const clients: Clients = {
    clock: { now: () => clock.now(), sleep: async (ms) => clock.moveTo(clock.nowMs + ms) },
    servers: server,
    groups,
    blobs,
    table,
    database: fakeDatabase(clock, server, rows, groups, options),
    metrics,
    platformLogs: {
      activities: async () => options.activities?.() ?? [],
      health: async () => options.health?.() ?? [],
    },
    registry: {
      image: async () => ({
        reference: 'registry.example/loadgen@sha256:0000',
        exists: options.imageExists ?? true,
        digest: 'sha256:0000',
      }),
    },
    webhook,
  }
  return { clock, blobs, table, server, rows, groups, webhook, clients }
}

function fakeDatabase(
  clock: WorldClock,
  server: FakeServer,
  rows: Rows,
  groups: FakeGroups,
  options: WorldOptions,
): Clients['database'] {
  return {
    session: async (_target, via) => {
      const now = clock.nowMs
      server.schedule()
      const isUp = server.isUpAt(now)
      const timeline = server.timelineAt(now)
      const up: SessionFacts = {
        ...goodSession(via),
        address: server.effects.siteAt(now) === 'remote' ? '10.1.0.1' : timeline % 2 === 0 ? '10.0.0.2' : '10.0.0.1',
        timeline,
        currentWalLsn: `0/${(1_000 + timeline).toString(16)}`,
        postmasterStartedAt: new Date(server.service.startedAt(now, START_AT_MS - 3_600_000)).toISOString(),
        clockOffsetMs: -(options.databaseOffsetMs ?? 0),
      }
      const down = unreachable(via, new Error('ECONNREFUSED: nothing is listening'))
      return { ...(isUp ? up : down), ...options.session?.(via) }
    },
    loadSession: async (_target, via) =>
      server.isUpAt(clock.nowMs)
        ? goodLoadSession(via, options.loadSession)
        : unreachableLoad(via, 'ECONNREFUSED: nothing is listening'),
    walPosition: async () => walPositionOf(clock.nowMs, server, options),
    schema: async () => ({ ...goodSchema, ...options.schema }),
    migrate: async () => [],
    async *storedRuns(_target, drillId) {
      if (!server.isUpAt(clock.nowMs)) throw new Error('the database does not answer')
      groups.advance()
      yield* rows.runs(drillId)
    },
    storedWatchRuns: async (_target, drillId) => rows.watchRuns(drillId),
    storedDrills: async () => [{ drillId: 'drill-1', newestRowAgeSeconds: 0, rows: 0 }],
    diskUse: async () => ({ usedBytes: 100e9, maxWalBytes: 1e9 }),
    deleteRows: async () => ({ rows: rows.clear(), isComplete: true }),
    loadConnectionString: () => `postgresql://load:${options.password ?? 'secret'}@server:6432/drill`,
    loadTokenScope: () => null,
    directPort: () => 5432,
    host: () => 'orders.writer.postgres.database.azure.com',
  }
}

export const WAL = { bytesPerSecond: 3e6, checkpointEverySeconds: 60 } as const

/** The load writes evenly, and the server checkpoints at even times. */
function walPositionOf(nowMs: number, server: FakeServer, { walPosition }: WorldOptions): WalPosition {
  if (!server.isUpAt(nowMs)) throw new Error('ECONNREFUSED: nothing is listening')
  const seconds = (nowMs - START_AT_MS) / 1000
  const sinceCheckpointSeconds = seconds % WAL.checkpointEverySeconds
  return {
    at: new Date(nowMs).toISOString(),
    writtenBytes: 1e9 + seconds * WAL.bytesPerSecond,
    sinceRedoBytes: sinceCheckpointSeconds * WAL.bytesPerSecond,
    sinceCheckpointSeconds,
    checkpointProblem: null,
    ...walPosition?.(nowMs),
  }
}

const METRICS: ReadonlyArray<readonly [name: string, unit: string, value: number]> = [
  ['cpu_percent', '%', 41],
  ['memory_percent', '%', 52],
  ['active_connections', 'connections', 104],
  ['network_bytes_ingress', 'bytes', 1_000_000],
  ['network_bytes_egress', 'bytes', 2_000_000],
  ['storage_percent', '%', 12],
  ['iops', 'operations/s', 900],
  ['client_connections_waiting', 'connections', 0],
]

function fakeMetrics(clock: WorldClock, options: WorldOptions): Clients['metrics'] {
  const { metricsLagMs: lagMs = 0, metricsRefusal } = options
  return {
    series: async (id, fromIso, toIso): Promise<readonly MetricSeries[]> => {
      const cause = metricsRefusal?.() ?? null
      if (cause !== null)
        throw new Error(`reading metrics of ${id} failed; the app's identity needs Monitoring Reader`, { cause })
      const known = Math.min(Date.parse(toIso), clock.nowMs - lagMs)
      const first = Math.ceil(Date.parse(fromIso) / 60_000) * 60_000
      const minutes = Array.from(
        { length: Math.max(0, Math.floor((known - first) / 60_000) + 1) },
        (_, i) => first + i * 60_000,
      )
      return METRICS.map(([name, unit, value]) => ({
        name,
        unit,
        points: minutes.map((at) => ({ at: new Date(at).toISOString(), average: value, maximum: value })),
      }))
    },
  }
}

function fakeWebhook(answers: WorldOptions['webhook']): Webhook & { readonly sent: unknown[]; calls: number } {
  const sent: unknown[] = []
  const webhook = {
    isConfigured: answers !== undefined,
    appUrl: 'https://drills.example.com',
    sent,
    calls: 0,
    send: async (body: unknown): Promise<void> => {
      const answer = answers?.[Math.min(webhook.calls, answers.length - 1)]
      webhook.calls++
      if (answer === 'fails') throw new Error('the webhook answered 500')
      sent.push(body)
    },
  }
  return webhook
}
