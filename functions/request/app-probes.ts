/** The application probes of a request: what the app's settings allow, and the rules between probes, load and criteria. */
import {
  APP_PROBE_LIMITS,
  type AppProbe,
  isInside,
  METHODS_WITH_BODY,
  SECRET_NAME_FORM,
} from '../../loadgen-image/contract/app-probe.ts'
import type { FieldProblem } from '../../loadgen-image/contract/load-plan.ts'
import { applicationsIn, parseCriteria } from '../criteria/grammar.ts'
import type { DrillPlan } from '../model/plan.ts'

/** What the app's settings say of probes. */
export interface ProbeSettings {
  /** URLs; a probe's lies inside one of them. */
  readonly allowlist: readonly string[]
  /** Names of the settings that hold a secret. */
  readonly secretSettings: readonly string[]
}

export const NO_PROBES: ProbeSettings = { allowlist: [], secretSettings: [] }

const SECRET_SETTING = 'PROBE_SECRET_'

/** checkout-token -> PROBE_SECRET_CHECKOUT_TOKEN */
export const settingOfSecret = (name: string): string => `${SECRET_SETTING}${name.toUpperCase().replaceAll('-', '_')}`
export const isSecretSetting = (setting: string): boolean => /^PROBE_SECRET_[A-Z0-9_]{1,64}$/.test(setting)

export const problemsOfProbes = (probes: readonly AppProbe[], settings: ProbeSettings): FieldProblem[] =>
  probes.flatMap((probe, index) => {
    const field = `probes[${index}]`
    return [
      ...problemsOfUrl(probe, field, settings),
      ...problemsOfSecrets(probe, field, settings),
      ...problemsOfBody(probe, field),
      ...problemsOfTimes(probe, field),
    ]
  })

function problemsOfUrl({ url }: AppProbe, field: string, { allowlist }: ProbeSettings): FieldProblem[] {
  if (allowlist.some((entry) => isInside(url, entry))) return []
  return [
    {
      field: `${field}.url`,
      problem: `got a URL that the app's setting PROBE_URL_ALLOWLIST does not allow`,
      expected:
        allowlist.length === 0
          ? 'no probe, because that setting is empty; the operator of the app adds URLs to it'
          : `a URL inside one of ${allowlist.join(', ')}`,
    },
  ]
}

function problemsOfSecrets(probe: AppProbe, field: string, { secretSettings }: ProbeSettings): FieldProblem[] {
  const places: ReadonlyArray<readonly [string, string]> = [
    ...Object.entries(probe.headers).map(([header, name]) => [`${field}.headers.${header}`, name] as const),
    ...(probe.body === null ? [] : [[`${field}.body`, probe.body] as const]),
  ]
  return places
    .filter(([, name]) => !secretSettings.includes(settingOfSecret(name)))
    .map(([place]) => ({
      field: place,
      problem: 'got the name of a secret that the app does not hold',
      expected: `${SECRET_NAME_FORM}, for which the app has a setting ${SECRET_SETTING}<NAME>, such as ${settingOfSecret('checkout-token')} for "checkout-token"`,
    }))
}

function problemsOfBody({ method, body }: AppProbe, field: string): FieldProblem[] {
  if (body === null || METHODS_WITH_BODY.includes(method)) return []
  const expected = `no body, or one of the methods ${METHODS_WITH_BODY.join(', ')}`
  return [{ field: `${field}.body`, problem: `got a body with the method ${method}`, expected }]
}

function problemsOfTimes({ everyMs, timeoutMs }: AppProbe, field: string): FieldProblem[] {
  if (timeoutMs <= APP_PROBE_LIMITS.maxUnderWay * everyMs) return []
  return [
    {
      field: `${field}.timeoutMs`,
      problem: `${timeoutMs} ms with a request every ${everyMs} ms: over ${APP_PROBE_LIMITS.maxUnderWay} of them would be under way`,
      expected: `at most ${APP_PROBE_LIMITS.maxUnderWay * everyMs}, or a longer everyMs`,
    },
  ]
}

// ---- Rules between fields -------------------------------------------------------------------------------------------

export function probeNamesDiffer({ probes }: DrillPlan): FieldProblem | null {
  const names = probes.map(({ name }) => name)
  const index = names.findIndex((name, i) => names.indexOf(name) < i)
  if (index < 0) return null
  return {
    field: `probes[${index}].name`,
    problem: 'two probes have this name',
    expected: 'a name of its own for each',
  }
}

export function probesAreRare({ probes, load }: DrillPlan): FieldProblem | null {
  const perSecond = load.containers * probes.reduce((sum, { everyMs }) => sum + 1000 / everyMs, 0)
  if (perSecond <= APP_PROBE_LIMITS.maxRequestsPerSecond) return null
  return {
    field: 'probes',
    problem: `${Math.ceil(perSecond)} requests per second, because each of ${load.containers} containers sends them`,
    expected: `at most ${APP_PROBE_LIMITS.maxRequestsPerSecond} requests per second of all probes and containers: a longer everyMs`,
  }
}

export function criteriaNameProbes({ probes, criteria }: DrillPlan): FieldProblem | null {
  const index = criteria.findIndex((text) => unknownApplication(text, probes) !== null)
  return index < 0 ? null : { field: `criteria[${index}]`, ...applicationProblem(probes) }
}

/** The application that a criterion names and that no probe of the request has. */
const unknownApplication = (text: string, probes: readonly AppProbe[]): string | null =>
  parseCriteria([text])
    .criteria.flatMap(applicationsIn)
    .find((name) => !probes.some((probe) => probe.name === name)) ?? null

export const applicationProblem = (probes: readonly AppProbe[]): Pick<FieldProblem, 'problem' | 'expected'> => ({
  problem: 'names an application that the request does not probe',
  expected:
    probes.length === 0
      ? 'a probe of that name in probes'
      : `one of the names in probes: ${probes.map(({ name }) => name).join(', ')}`,
})
