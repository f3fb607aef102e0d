/** The cohorts in words: the same in the page and in the Markdown. */
import type { CohortReport, CohortSetting } from '../../model/comparisons/cohort.ts'
import type { Report } from '../../model/report.ts'
import { NOT_MEASURED, seconds } from '../../units/units.ts'

const NEVER_BACK = 'not back'

/** A load with one cohort, without a named client, compares nothing. */
export const comparedCohorts = ({ generator: { cohorts } }: Report): readonly CohortReport[] =>
  cohorts.length > 1 || cohorts.some(({ client }) => client !== null) ? cohorts : []

export const cohortName = ({ name, client }: CohortReport): string =>
  client === null || client === name ? name : `${name} (${client})`

/** At a percentile that falls on a client that never came back there is no length. */
export const cohortOutage = (row: CohortReport, at: 'p50' | 'p95' | 'p99' | 'max'): string => {
  const length = row.clientOutageSeconds[at]
  if (length !== null) return seconds(length)
  if (row.neverBack > 0) return NEVER_BACK
  return row.notMeasured > 0 ? NOT_MEASURED : 'no outage'
}

export const cohortReturn = (row: CohortReport): string => {
  if (row.returnAfterT2Seconds !== null) return seconds(row.returnAfterT2Seconds)
  if (row.neverBack > 0) return `${row.neverBack} ${NEVER_BACK}`
  return row.clients === 0 && row.notMeasured === 0 ? 'no outage' : NOT_MEASURED
}

const ORIGINS: Readonly<Record<CohortSetting['origin'], string>> = {
  documentation: '',
  request: 'set by the request',
  load: "the load's own",
}

export const settingSource = ({ origin, source, says }: CohortSetting): string =>
  source === null ? ORIGINS[origin] : `${says ?? ''} (${source})`

/** The settings of cohorts that name a client. */
export const clientSettings = (
  cohorts: readonly CohortReport[],
): ReadonlyArray<readonly [CohortReport, CohortSetting]> =>
  cohorts.flatMap((cohort) => (cohort.client === null ? [] : cohort.settings.map((one) => [cohort, one] as const)))
