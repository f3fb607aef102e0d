/** Requests to begin with. On the local stack an event takes seconds and nothing is late, so a drill of a minute says as much. */
import type { RequestBody } from './again.ts'

export interface Preset {
  readonly id: 'quick' | 'standard' | 'five-hours' | 'planned' | 'watch'
  readonly title: string
  readonly about: string
  readonly request: RequestBody
  /** The load is light enough for any server: checks of its size may be overridden. */
  readonly isLight: boolean
}

/** Where the app runs: on one machine, or in Azure. */
export type Pace = 'local' | 'azure'

interface Light {
  readonly load: RequestBody
  readonly eventAtSeconds: number
  readonly watchSeconds: number
}

const LIGHT: Readonly<Record<Pace, Light>> = {
  local: {
    load: {
      targetTps: 400,
      workers: 20,
      durationSeconds: 45,
      timing: {
        warmupSeconds: 5,
        minBaselineSeconds: 5,
        readyTimeoutSeconds: 90,
        eventTimeoutSeconds: 120,
        healthyTimeoutSeconds: 120,
        auditPauseSeconds: 2,
        cooldownMinutes: 0,
        watchIntervalSeconds: 1,
        lateMetricsSeconds: 8,
      },
    },
    eventAtSeconds: 15,
    watchSeconds: 180,
  },
  azure: { load: { targetTps: 400, workers: 40, durationSeconds: 300 }, eventAtSeconds: 90, watchSeconds: 3_600 },
}

const FIVE_HOURS = 18_000

export function presetsOf(pace: Pace): readonly Preset[] {
  const { load, eventAtSeconds: atSeconds, watchSeconds } = LIGHT[pace]
  const failover = (mode: 'forced' | 'planned') => ({ ...load, events: [{ atSeconds, kind: 'failover', mode }] })
  return [
    {
      id: 'quick',
      title: 'Quick',
      about: 'A light load and a forced failover: how long clients are out, and whether a commit is lost.',
      request: failover('forced'),
      isLight: true,
    },
    {
      id: 'planned',
      title: 'Planned',
      about: 'The same load and a planned failover, for which the platform lets the standby catch up first.',
      request: failover('planned'),
      isLight: true,
    },
    {
      id: 'standard',
      title: 'Standard',
      about: '8,000 transactions per second for five minutes and a forced failover, by the objectives of that test.',
      request: {},
      isLight: false,
    },
    {
      id: 'five-hours',
      title: 'Five hours',
      about: 'The standard load for five hours: a forced failover after one hour, a planned one after three.',
      request: {
        durationSeconds: FIVE_HOURS,
        events: [
          { atSeconds: 3_600, kind: 'failover', mode: 'forced' },
          { atSeconds: 10_800, kind: 'failover', mode: 'planned' },
        ],
      },
      isLight: false,
    },
    {
      id: 'watch',
      title: 'Watch only',
      about: 'A light load that causes nothing, and measures what others do meanwhile: maintenance, a zone-down drill.',
      request: { ...load, durationSeconds: watchSeconds, events: [{ atSeconds, kind: 'external' }] },
      isLight: true,
    },
  ]
}
