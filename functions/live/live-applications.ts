/** The probed applications of a running load, folded from the records that arrived since the last poll. The report computes them from all records. */
import type { AppProbeRecord } from '../../loadgen-image/contract/app-probe.ts'
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { LiveApplication } from '../model/status.ts'

interface ContainerView {
  /** Its records reach to this epoch second. */
  readonly untilSecond: number
  /** When the requests began to fail that still fail there; null: the newest was good, or was not observed. */
  readonly failingFromUs: number | null
}

interface ApplicationState {
  readonly good: number
  readonly failed: number
  readonly containers: Readonly<Record<number, ContainerView>>
}

export type ApplicationStates = Readonly<Record<string, ApplicationState>>

const NONE: ApplicationState = { good: 0, failed: 0, containers: {} }

export function foldApplications(states: ApplicationStates, records: readonly AppProbeRecord[]): ApplicationStates {
  const next: Record<string, ApplicationState> = { ...states }
  for (const { probe, container, fromSecond, seconds, open } of records) {
    const { good, failed, containers } = next[probe] ?? NONE
    const untilSecond = fromSecond + seconds.length
    const known = containers[container]
    const view = { untilSecond, failingFromUs: open?.firstFailedUs ?? null }
    next[probe] = {
      good: good + seconds.reduce((sum, counts) => sum + counts[0], 0),
      failed: failed + seconds.reduce((sum, counts) => sum + counts[1], 0),
      containers: { ...containers, [container]: known !== undefined && known.untilSecond > untilSecond ? known : view },
    }
  }
  return next
}

export const applicationsOf = (states: ApplicationStates, loadStartAtMs: number): LiveApplication[] =>
  Object.entries(states).map(([name, { good, failed, containers }]) => {
    const views = Object.values(containers)
    const failing = views.flatMap(({ untilSecond, failingFromUs }) =>
      failingFromUs === null ? [] : [Math.max(0, untilSecond - failingFromUs / US_PER_SECOND)],
    )
    return {
      name,
      second: Math.max(0, ...views.map(({ untilSecond }) => untilSecond)) - Math.floor(loadStartAtMs / 1000),
      good,
      failed,
      failingSeconds: failing.length === 0 ? null : Math.round(Math.max(...failing) * 10) / 10,
    }
  })
