/** What is wrong with the settings: each by itself, and those that belong together. */
import { parseRequest, type RequestDefaults } from '../request/request.ts'
import type { TargetDefaults } from '../request/targets.ts'
import { probeConfig, problemsOfAllowlist, problemsOfProbeSecrets } from './app-probes.ts'
import { FORMS } from './forms.ts'
import {
  type Environment,
  given,
  SETTINGS,
  type Setting,
  type SettingName,
  settingNamed,
  settingOf,
} from './settings.ts'
import { hasList, problemsOfList, type TargetSettings, targetPlaceOf, targetsOf } from './targets.ts'

export const problemsOfSettings = (environment: Environment): string[] => [
  ...problemsOfRows(environment),
  ...problemsOfList(environment),
  ...problemsOfProbeSecrets(environment),
  ...problemsOfAllowlist(given(environment, 'PROBE_URL_ALLOWLIST'), isLocalStack(environment)),
  ...problemsBetweenRows(environment),
  ...problemsOfTargets(environment, LOAD_IDENTITY),
  ...problemsOfRequests(environment),
]

const isLocalStack = (environment: Environment): boolean => given(environment, 'AZURE_LOCAL_TOKEN') !== null

/** The settings that a migration of the schema needs, where the rest of the app is not set up. */
export const problemsOfDatabaseSettings = (environment: Environment): string[] => [
  ...problemsOfRows(environment, ({ name }) => DATABASE_SETTING.test(name)),
  ...problemsOfList(environment),
  ...problemsOfTargets(environment, ['LOADGEN_IDENTITY_PRINCIPAL_ID']),
]

const DATABASE_SETTING =
  /^DRILL_TARGETS$|^(LOADGEN_)?POSTGRES_|^LOADGEN_IDENTITY_PRINCIPAL_ID$|^AZURE_CLIENT_ID$|^AZURE_RESOURCE_MANAGER_ENDPOINT$/

/** What the settings decide when a request does not. For settings without problems. */
export function requestDefaults(environment: Environment): RequestDefaults {
  const [first, ...more] = targetsOf(environment).map((one) => targetDefaultsOf(environment, one))
  if (first === undefined) throw new Error('DRILL_TARGETS holds no target')
  return {
    targets: [first, ...more],
    probes: probeConfig(environment, given(environment, 'PROBE_URL_ALLOWLIST'), isLocalStack(environment)),
  }
}

export function targetDefaultsOf(shared: Environment, { name, environment }: TargetSettings): TargetDefaults {
  const value = (setting: SettingName) => settingOf(environment, setting) ?? ''
  return {
    name,
    target: targetPlaceOf(shared, environment),
    cooldownMinutes: Number(value('COOLDOWN_MINUTES')),
    requestDefaults: JSON.parse(value('DRILL_REQUEST_DEFAULTS')) as Readonly<Record<string, unknown>>,
    schedule: settingOf(environment, 'DAILY_DRILL_SCHEDULE'),
  }
}

/** An entry of a list may have them in place of the setting. */
const REQUIRED_OF_TARGETS: readonly SettingName[] = ['POSTGRES_SERVER', 'POSTGRES_DATABASE', 'POSTGRES_USER']

const isOfEntries = ({ name }: Setting): boolean => REQUIRED_OF_TARGETS.some((one) => one === name)

const problemsOfRows = (environment: Environment, isWanted: (setting: Setting) => boolean = () => true): string[] =>
  SETTINGS.filter(isWanted).flatMap((setting) => {
    const required = setting.required && !(hasList(environment) && isOfEntries(setting))
    return problemOf({ ...setting, required }, given(environment, setting.name)) ?? []
  })

/** Never repeats the value: a secret may have been pasted into any setting. */
function problemOf({ name, meaning, form, required }: Setting, value: string | null): string | null {
  if (value === null) return required ? `${name} is missing: ${meaning}` : null
  // The platform passes the reference itself to the app if it could not read the vault.
  if (/^@Microsoft\.KeyVault\(/i.test(value))
    return `${name} is a Key Vault reference that was not resolved: let the app's identity read secrets of that vault`
  const { expected, problemOf: problemOfForm } = FORMS[form]
  const problem = problemOfForm(value)
  if (problem === null) return null
  return `${name} must be ${expected}${problem === '' ? '' : `; ${problem}`}`
}

const TOGETHER: ReadonlyArray<readonly SettingName[]> = [
  ['NOTIFY_WEBHOOK_URL', 'NOTIFY_WEBHOOK_SECRET'],
  ['PRICE_CURRENCY', 'PRICE_PER_VCPU_SECOND', 'PRICE_PER_GB_SECOND', 'PRICE_SOURCE'],
  ['DRILL_BLOB_CONNECTION_STRING', 'DRILL_BLOB_CONTAINER', 'DRILL_TABLE'],
  ['DRILL_BLOB_CONTAINER_URL', 'DRILL_TABLE_URL'],
  ['LOADGEN_IDENTITY_ID', 'LOADGEN_IDENTITY_CLIENT_ID'],
]

function problemsBetweenRows(environment: Environment): string[] {
  const isGiven = (name: SettingName) => given(environment, name) !== null
  const incomplete = TOGETHER.filter((names) => names.some(isGiven) && !names.every(isGiven)).map(
    (names) => `${names.filter((name) => !isGiven(name)).join(', ')} missing: ${names.join(', ')} go together`,
  )
  if (isGiven('DRILL_BLOB_CONTAINER_URL') === isGiven('DRILL_BLOB_CONNECTION_STRING'))
    incomplete.push('DRILL_BLOB_CONTAINER_URL or DRILL_BLOB_CONNECTION_STRING must be set, and only one of them')
  return incomplete
}

// ---- One server at a time -----------------------------------------------------------------------------------------------

function problemsOfTargets(environment: Environment, identity: readonly SettingName[]): string[] {
  if (!hasList(environment)) return problemsOfLoadLogin(environment, identity)
  return targetsOf(environment).flatMap(({ environment: own, wordOf, malformed }) => [
    ...REQUIRED_OF_TARGETS.filter((setting) => given(own, setting) === null && !malformed.has(setting)).map(
      (setting) => `${wordOf(setting)} is missing: ${settingNamed(setting).meaning}`,
    ),
    ...(LOGIN_SETTINGS.some((setting) => malformed.has(setting)) ? [] : problemsOfLoadLogin(own, identity)).map(
      (problem) => inWordsOf(wordOf, problem),
    ),
  ])
}

const LOGIN_SETTINGS: readonly SettingName[] = [
  'POSTGRES_USER',
  'POSTGRES_PASSWORD',
  'LOADGEN_POSTGRES_USER',
  'LOADGEN_POSTGRES_PASSWORD',
]

/** The rules name settings; the reader of a list knows its fields. */
const inWordsOf = (wordOf: TargetSettings['wordOf'], problem: string): string =>
  problem.replaceAll(/(?:LOADGEN_)?POSTGRES_(?:USER|PASSWORD)/g, (setting) => wordOf(setting as SettingName))

const LOAD_IDENTITY = ['LOADGEN_IDENTITY_ID', 'LOADGEN_IDENTITY_CLIENT_ID', 'LOADGEN_IDENTITY_PRINCIPAL_ID'] as const

/** Without passwords each identity has a role of its own: a container must never hold a token of the app. */
function problemsOfLoadLogin(environment: Environment, identity: readonly SettingName[]): string[] {
  const isGiven = (name: SettingName) => given(environment, name) !== null
  const hasUser = isGiven('LOADGEN_POSTGRES_USER')
  if (isGiven('LOADGEN_POSTGRES_PASSWORD'))
    return hasUser ? [] : ['LOADGEN_POSTGRES_USER missing: LOADGEN_POSTGRES_PASSWORD belongs to it']
  if (!hasUser)
    return isGiven('POSTGRES_PASSWORD') || !isGiven('POSTGRES_USER')
      ? []
      : [
          'LOADGEN_POSTGRES_USER missing: without POSTGRES_PASSWORD the load generators need a role of their own identity',
        ]
  const problems: string[] = []
  if (given(environment, 'LOADGEN_POSTGRES_USER') === given(environment, 'POSTGRES_USER'))
    problems.push('LOADGEN_POSTGRES_USER must be another role than POSTGRES_USER: it logs in with another identity')
  const missing = identity.filter((name) => !isGiven(name))
  if (missing.length > 0)
    problems.push(
      `${missing.join(', ')} missing: without LOADGEN_POSTGRES_PASSWORD the load generators log in with their identity`,
    )
  return problems
}

const REQUEST_SETTINGS = ['DRILL_REQUEST_DEFAULTS', 'DAILY_DRILL_REQUEST'] as const satisfies readonly SettingName[]

/** By the rules of a posted body, with the defaults that a drill uses. A malformed setting is reported with that setting. */
function problemsOfRequests(environment: Environment): string[] {
  const needed = [
    'DRILL_TARGETS',
    'POSTGRES_SERVER',
    'POSTGRES_DATABASE',
    'COOLDOWN_MINUTES',
    'PROBE_URL_ALLOWLIST',
    ...REQUEST_SETTINGS,
  ]
  const isUnsound = problemsOfRows(environment, ({ name }) => needed.includes(name)).length > 0
  if (isUnsound || problemsOfList(environment).length > 0) return []
  const { probes } = requestDefaults(environment)
  return targetsOf(environment).flatMap((one) => problemsOfRequestsOf(environment, one, probes))
}

function problemsOfRequestsOf(shared: Environment, one: TargetSettings, probes: RequestDefaults['probes']): string[] {
  const defaults: RequestDefaults = { targets: [targetDefaultsOf(shared, one)], ...(probes && { probes }) }
  const problemsIn = (setting: SettingName, body: unknown): string[] => {
    const context = { drillId: 'daily', requestedAt: new Date(0).toISOString(), requestedBy: 'timer' } as const
    const parsed = parseRequest(body, { ...context, defaults })
    if (parsed.ok) return []
    return parsed.problems.map(
      ({ field, problem, expected }) => `${one.wordOf(setting)}: ${field}: ${problem}; expected ${expected}`,
    )
  }
  const ofDefaults = problemsIn('DRILL_REQUEST_DEFAULTS', {})
  if (ofDefaults.length > 0) return ofDefaults
  return problemsIn('DAILY_DRILL_REQUEST', JSON.parse(settingOf(one.environment, 'DAILY_DRILL_REQUEST') ?? '{}'))
}
