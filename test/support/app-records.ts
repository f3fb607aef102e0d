/** What the containers of a drill record of an application whose state is known at every instant: the prober's own book, and a made-up wire. */
import { type AppProbe, type AppProbeRecord, firstDueUs } from '../../loadgen-image/contract/app-probe.ts'
import { AppBook, type AppOutcome } from '../../loadgen-image/probe/app-book.ts'

export interface AppTruth {
  /** Null: a good answer. */
  readonly errorAt: (atUs: number) => string | null
  /** The prober of this container stands still then, on the true clock. */
  readonly isFrozen?: (atUs: number) => boolean
}

export interface AppCourse {
  readonly container: number
  readonly containers: number
  readonly incarnation: string
  /** On the true clock. */
  readonly startUs: number
  readonly endUs: number
  /** The container's clock minus the true time. */
  readonly offsetUs: number
}

const ANSWER_US = 4_000

export const anAppProbe = (own: Partial<AppProbe> = {}): AppProbe => ({
  name: 'checkout',
  url: 'https://shop.example.com/api/checkout',
  method: 'GET',
  expectStatus: 200,
  everyMs: 250,
  timeoutMs: 2_000,
  headers: {},
  body: null,
  ...own,
})

export function appRecords(probe: AppProbe, course: AppCourse, { errorAt, isFrozen }: AppTruth): AppProbeRecord[] {
  const { container, containers, incarnation, startUs, endUs, offsetUs } = course
  const records: AppProbeRecord[] = []
  const startSecond = Math.floor((startUs + offsetUs) / 1e6)
  const onRecord = (record: AppProbeRecord) => records.push(record)
  const book = new AppBook({ container, incarnation, probe: probe.name, startSecond, onRecord })
  const firstUs = firstDueUs(probe, container, containers, startUs)
  for (let position = 0; ; position++) {
    const atUs = firstUs + position * probe.everyMs * 1000
    if (atUs >= endUs) break
    const error = errorAt(atUs)
    const [dueUs, sentUs] = [atUs + offsetUs, atUs + offsetUs]
    const outcome: AppOutcome =
      isFrozen?.(atUs) === true
        ? { kind: 'unobserved', dueUs, code: null }
        : error === null
          ? { kind: 'good', dueUs, sentUs, atUs: sentUs + ANSWER_US }
          : { kind: 'failed', dueUs, sentUs, code: error }
    book.settle(position, outcome)
  }
  book.end(endUs + offsetUs)
  return records
}
