/** The stale-primary watch of a made-up run: on each timeline a session that is lost with the last commit on it. */
import type { Merged } from '../../functions/merge/merged.ts'
import type { ProbeRecord, WatchReading } from '../../loadgen-image/contract/step-probe.ts'

/** No session was opened, and none refused. */
export const NO_WATCH: WatchReading = {
  problem: '',
  opened: [],
  writes: [],
  failures: [],
  open: [],
  ends: [],
  refusals: [],
}

export function watchRecords({ timelines, incarnations }: Merged): ProbeRecord[] {
  const [first] = incarnations
  if (first === undefined) return []
  const { container, incarnation, clock } = first
  const own = (atUs: number) => Math.round(atUs + clock.offsetUs)
  const rising = timelines.toSorted((a, b) => a.timeline - b.timeline)
  const sessions = rising.map(({ timeline, firstAtUs, lastAtUs }, i) => ({
    ...{ session: i + 1, timeline, isLost: i < rising.length - 1 },
    ...{ openedAtUs: own(firstAtUs), lastAtUs: own(lastAtUs) },
  }))
  const watch: WatchReading = {
    ...NO_WATCH,
    opened: sessions.map(({ session, timeline, openedAtUs }) => {
      return { session, timeline, openedAtUs, address: '10.0.0.4', startedAt: String(timeline) }
    }),
    writes: sessions.map(({ session, timeline, openedAtUs, lastAtUs }) => {
      return {
        session,
        timeline,
        firstSeq: 1,
        sentAtUs: [openedAtUs],
        acknowledgedAtUs: [Math.min(openedAtUs + 2_000, lastAtUs)],
      }
    }),
    ends: sessions
      .filter(({ isLost }) => isLost)
      .map(({ session, lastAtUs }) => ({ session, atUs: lastAtUs, code: '57P01' })),
    open: sessions
      .filter(({ isLost }) => !isLost)
      .map(({ session, lastAtUs }) => {
        return { session, atUs: lastAtUs, unansweredSinceUs: null }
      }),
  }
  const common = { second: Math.floor((sessions[0]?.openedAtUs ?? 0) / 1e6), container, incarnation, ways: [] }
  return [{ ...common, problem: '', steady: [], attempts: [], names: [], stalls: [], watch }]
}
