/** A cluster without a database: its states are set by hand, its containers are objects. For tests of what stands in front of it. */
import {
  type Cluster,
  type ClusterState,
  type ContainerSpec,
  type LocalContainer,
  type LocalFailoverMode,
  type MetricSample,
  PlatformRefused,
} from '../../infra/local/cluster/cluster.ts'
import type { Site } from '../../infra/local/cluster/servers/regions.ts'
import { skusOf } from '../../infra/local/cluster/skus.ts'

interface FakeContainer extends LocalContainer {
  readonly spec: ContainerSpec
  end(exitCode: number): void
}

export interface FakeCluster extends Cluster {
  readonly failovers: LocalFailoverMode[]
  /** Other events, in words. */
  readonly asked: string[]
  readonly containers: FakeContainer[]
  readonly recorded: MetricSample[]
  /** Of the server at home, unless it is for the other one. */
  set(state: Partial<ClusterState>, site?: Site): void
  /** Ends the failover that is under way. */
  finishFailover(error?: Error): void
  /** Ends another event; the state is set by hand. */
  finish(error?: Error): void
}

const AT_HOME: ClusterState = {
  server: 'Ready',
  highAvailability: 'Healthy',
  primaryZone: '1',
  standbyZone: '2',
  role: 'Primary',
  replication: null,
  sku: 'Local_4vCores',
}
const REMOTE: ClusterState = {
  ...AT_HOME,
  highAvailability: 'NotEnabled',
  standbyZone: '',
  role: 'AsyncReplica',
  replication: 'Active',
}

export function createFakeCluster(hasReplica = false): FakeCluster {
  let state = AT_HOME
  let remote = REMOTE
  const asked: string[] = []
  const ask = (words: string) => {
    asked.push(words)
    underWay = Promise.withResolvers()
    return underWay.promise
  }
  let underWay: PromiseWithResolvers<void> | null = null
  const failovers: LocalFailoverMode[] = []
  const containers: FakeContainer[] = []
  const recorded: MetricSample[] = []
  return {
    facts: {
      host: '127.0.0.1',
      pgbouncerPort: 6432,
      directPort: 5432,
      database: 'drill',
      user: 'drill_admin',
      password: 'MARKED-SECRET',
      replication: 'sync',
      version: '15.18',
      skus: skusOf(4, 32),
      storageGb: 128,
      hasReplica,
    },
    failovers,
    containers,
    recorded,
    asked,
    state: (site = 'home') => (site === 'home' ? state : remote),
    set: (change, site = 'home') => {
      if (site === 'home') state = { ...state, ...change }
      else remote = { ...remote, ...change }
    },
    restart: (site = 'home') => {
      if (state.server !== 'Ready') throw new PlatformRefused('ServerIsBusy', `the server is ${state.server}`)
      return ask(`restart ${site}`)
    },
    scale: (sku, site = 'home') => ask(`scale ${site} to ${sku}`),
    promote: (option) => {
      const replica = remote.role === 'Primary' ? state : remote
      if (replica.replication !== 'Active')
        throw new PlatformRefused('ServerIsNotReady', `the replica is ${replica.replication}`)
      return ask(`promote ${option}`)
    },
    kill: async () => void asked.push('kill'),
    splitBrain: () => void asked.push('split-brain'),
    finish: (error) => (error === undefined ? underWay?.resolve() : underWay?.reject(error)),
    failover: (mode) => {
      if (state.server !== 'Ready') throw new PlatformRefused('ServerIsNotReady', `the server is ${state.server}`)
      failovers.push(mode)
      state = { ...state, server: 'Restarting', highAvailability: 'FailingOver' }
      underWay = Promise.withResolvers()
      return underWay.promise
    },
    finishFailover: (error) => {
      state = { ...state, server: 'Ready', highAvailability: 'Healthy', primaryZone: '2', standbyZone: '1' }
      if (error === undefined) underWay?.resolve()
      else underWay?.reject(error)
    },
    parameters: async () => [
      parameter({
        name: 'max_connections',
        value: '2000',
        type: 'integer',
        allowedValues: '25-5000',
        isDynamic: false,
      }),
      parameter({ name: 'max_wal_size', value: '2048', type: 'integer', unit: 'MB', allowedValues: '32-65536' }),
      parameter({ name: 'pgbouncer.pool_mode', value: 'transaction', type: 'string', isPendingRestart: true }),
    ],
    samples: () => recorded,
    startContainer: async (spec) => {
      const container = createFakeContainer(spec)
      containers.push(container)
      return container
    },
  }
}

type Parameter = Awaited<ReturnType<Cluster['parameters']>>[number]

const parameter = (given: Partial<Parameter> & Pick<Parameter, 'name' | 'value' | 'type'>): Parameter => ({
  defaultValue: given.value,
  unit: null,
  description: `About ${given.name}`,
  allowedValues: null,
  isDynamic: true,
  isReadOnly: false,
  isPendingRestart: false,
  ...given,
})

function createFakeContainer(spec: ContainerSpec): FakeContainer {
  let exitCode: number | null = null
  let finishedAt: Date | null = null
  const end = (code: number) => {
    exitCode = code
    finishedAt = new Date()
  }
  return {
    spec,
    name: spec.name,
    get state() {
      return exitCode === null ? ('Running' as const) : ('Terminated' as const)
    },
    get exitCode() {
      return exitCode
    },
    startedAt: new Date(),
    get finishedAt() {
      return finishedAt
    },
    logs: () => 'first line\nsecond line\n',
    stop: async () => {
      if (exitCode === null) end(143)
    },
    end,
  }
}
