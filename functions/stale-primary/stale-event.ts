/** What the stale-primary watch says of one event, in the form of the report. Every sentence is computed. */
import type { WatchRun } from '../model/evidence.ts'
import { MAX_STALE_WRITES, type StalePrimary } from '../model/probes/stale-primary.ts'
import { round } from '../units/statistics.ts'
import { clock, counted, isoOfUs, milliseconds, seconds, secondsBetween } from '../units/units.ts'
import { judgeStale, type Promotion, type StaleJudgement, type StaleWrite } from './judge.ts'
import type { StaleSession, StaleWatch } from './sessions.ts'

/** `promotion` null: no timeline rose. `audited` null: the rows of the watch were not audited. */
export function stalePrimaryOf(
  watch: StaleWatch,
  promotion: Promotion | null,
  audited: readonly WatchRun[] | null,
): StalePrimary {
  if (promotion === null) return NO_NEW_TIMELINE
  const judgement = judgeStale(watch, promotion)
  const { sessions, writes, boundUs, lastAcknowledgedUs } = judgement
  const rows = writes.map((write) => rowOf(write, audited))
  const isKnown = writes.length > 0 || (judgement.why === null && judgement.inDoubt.length === 0)
  const found = {
    sessions: sessions.length,
    oldTimeline: promotion.oldTimeline,
    newTimeline: promotion.newTimeline,
    lastAcknowledgedAt: isoOfUs(lastAcknowledgedUs),
    uncertaintyMs: round(boundUs / 1000, 3),
    writes: isKnown ? writes.length : null,
    absent: isKnown && audited !== null ? rows.filter(({ onNewPrimary }) => onNewPrimary === false).length : null,
    rows: rows.slice(0, MAX_STALE_WRITES),
  }
  if (writes.length > 0)
    return { ...found, state: 'split brain', why: null, sentence: splitBrainSentence(writes, promotion, found) }
  const why = judgement.inDoubt.length > 0 ? doubtOf(judgement, promotion) : judgement.why
  if (why === null) return { ...found, state: 'none', why, sentence: noneSentence(judgement, promotion) }
  const state = judgement.inDoubt.length > 0 ? 'in doubt' : 'not measured'
  return { ...found, state, why, sentence: `Whether the old primary took writes after T2 is not measured: ${why}.` }
}

/** Of an event of a drill that left no record of a load. */
export const noStalePrimary = (why: string): StalePrimary => ({
  ...NO_NEW_TIMELINE,
  state: 'not measured',
  why,
  sentence: `Whether the old primary took writes after T2 is not measured: ${why}.`,
})

const NO_NEW_TIMELINE: StalePrimary = {
  state: 'no new timeline',
  sessions: 0,
  oldTimeline: null,
  newTimeline: null,
  lastAcknowledgedAt: null,
  uncertaintyMs: null,
  writes: null,
  absent: null,
  rows: [],
  why: null,
  sentence: 'No commit of the load shows a new timeline, so nothing is said of an old primary.',
}

function rowOf(write: StaleWrite, audited: readonly WatchRun[] | null): StalePrimary['rows'][number] {
  const { container, session, seq, timeline, sentAtUs, acknowledgedAtUs } = write
  const holds = (run: WatchRun) =>
    run.container === container && run.session === session && run.firstSeq <= seq && run.lastSeq >= seq
  const onNewPrimary = audited === null ? null : audited.some(holds)
  return {
    ...{ container, session, seq, timeline },
    sentAt: isoOfUs(sentAtUs),
    acknowledgedAt: isoOfUs(acknowledgedAtUs),
    onNewPrimary,
  }
}

// ---- Words ------------------------------------------------------------------------------------------------------------

type Found = Pick<StalePrimary, 'uncertaintyMs' | 'absent'>

function splitBrainSentence(
  writes: readonly StaleWrite[],
  { t2Us }: Promotion,
  { uncertaintyMs, absent }: Found,
): string {
  const timelines = [...new Set(writes.map(({ timeline }) => timeline))].join(', ')
  const sessions = new Set(writes.map(({ container, session }) => `${container}/${session}`)).size
  const [first, last] = [writes[0] as StaleWrite, writes.at(-1) as StaleWrite]
  const span =
    first === last
      ? seconds(secondsBetween(t2Us, first.acknowledgedAtUs))
      : `${seconds(secondsBetween(t2Us, first.acknowledgedAtUs))} to ${seconds(secondsBetween(t2Us, last.acknowledgedAtUs))}`
  const found =
    absent === null
      ? 'whether the new primary has their rows was not audited'
      : absent === 0
        ? 'the audited primary has their rows'
        : `the audited primary has ${absent === writes.length ? 'none' : `${writes.length - absent}`} of their rows`
  return (
    `Split brain: the old primary acknowledged ${counted(writes.length, 'write')} on timeline ${timelines} in ${counted(sessions, 'session')}, ` +
    `${span} after T2 (clocks agree within ${milliseconds(uncertaintyMs)}); ${found}.`
  )
}

function noneSentence(judgement: StaleJudgement, { t2Us }: Promotion): string {
  const { sessions, lastAcknowledgedUs, boundUs } = judgement
  const last =
    lastAcknowledgedUs === null
      ? 'it acknowledged none before either'
      : `the last one was acknowledged at ${clock(isoOfUs(lastAcknowledgedUs))}, ${seconds(secondsBetween(lastAcknowledgedUs, t2Us))} before T2 (clocks agree within ${milliseconds(round(boundUs / 1000, 3))})`
  return `The old primary acknowledged no write after T2 in ${counted(sessions.length, 'session')} that ${sessions.length === 1 ? 'was' : 'were'} open before the event: ${last}; ${fateOf(sessions)}.`
}

function fateOf(sessions: readonly StaleSession[]): string {
  const codes = Map.groupBy(
    sessions.flatMap(({ end }) => end?.code ?? []),
    (code) => code,
  )
  const open = sessions.filter(({ end }) => end === null)
  const silent = open.filter(({ unansweredSinceUs }) => unansweredSinceUs !== null).length
  const parts = [
    ...[...codes].map(([code, all]) => `${all.length} lost (${code})`),
    silent > 0 ? `${silent} open without an answer at the end` : null,
    open.length > silent ? `${open.length - silent} open` : null,
  ]
  return parts.filter((part) => part !== null).join(', ')
}

function doubtOf({ inDoubt }: StaleJudgement, { boundUs }: Promotion): string {
  const bound = Math.max(...inDoubt.map(({ container }) => boundUs(container)))
  return `${counted(inDoubt.length, 'write')} of the old timeline ${inDoubt.length === 1 ? 'was' : 'were'} sent before T2 and acknowledged after it, or within ${milliseconds(round(bound / 1000, 3))} of it, by which the clocks may be apart`
}
