/** A cluster without a database: its states are set by hand, its containers are objects. For tests of what stands in front of it. */
import {
  type Cluster,
  type ClusterState,
  type ContainerSpec,
  FailoverRefused,
  type LocalContainer,
  type LocalFailoverMode,
  type MetricSample,
} from '../../infra/local/cluster/cluster.ts'

interface FakeContainer extends LocalContainer {
  readonly spec: ContainerSpec
  end(exitCode: number): void
}

export interface FakeCluster extends Cluster {
  readonly failovers: LocalFailoverMode[]
  readonly containers: FakeContainer[]
  readonly recorded: MetricSample[]
  set(state: Partial<ClusterState>): void
  /** Ends the failover that is under way. */
  finishFailover(error?: Error): void
}

export function createFakeCluster(): FakeCluster {
  let state: ClusterState = { server: 'Ready', highAvailability: 'Healthy', primaryZone: '1', standbyZone: '2' }
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
      vCores: 4,
      memoryGb: 32,
      storageGb: 128,
    },
    failovers,
    containers,
    recorded,
    state: () => state,
    set: (change) => {
      state = { ...state, ...change }
    },
    failover: (mode) => {
      if (state.server !== 'Ready') throw new FailoverRefused('ServerIsNotReady', `the server is ${state.server}`)
      failovers.push(mode)
      state = { ...state, server: 'Restarting', highAvailability: 'FailingOver' }
      underWay = Promise.withResolvers()
      return underWay.promise
    },
    finishFailover: (error) => {
      state = { server: 'Ready', highAvailability: 'Healthy', primaryZone: '2', standbyZone: '1' }
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
