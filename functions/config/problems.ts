/** What is wrong with the settings: each by itself, and those that belong together. */
import { parseRequest, type RequestDefaults } from '../request/request.ts'
import { probeConfig, problemsOfAllowlist, problemsOfProbeSecrets } from './app-probes.ts'
import { FORMS } from './forms.ts'
import { type Environment, given, SETTINGS, type Setting, type SettingName, settingOf } from './settings.ts'

export const problemsOfSettings = (environment: Environment): string[] => [
  ...problemsOfRows(environment),
  ...problemsOfProbeSecrets(environment),
  ...problemsOfAllowlist(given(environment, 'PROBE_URL_ALLOWLIST'), isLocalStack(environment)),
  ...problemsBetweenRows(environment),
]

const isLocalStack = (environment: Environment): boolean => given(environment, 'AZURE_LOCAL_TOKEN') !== null

/** The settings that a migration of the schema needs, where the rest of the app is not set up. */
export const problemsOfDatabaseSettings = (environment: Environment): string[] => [
  ...problemsOfRows(environment, ({ name }) => DATABASE_SETTING.test(name)),
  ...problemsOfLoadLogin(environment, ['LOADGEN_IDENTITY_PRINCIPAL_ID']),
]

const DATABASE_SETTING =
  /^(LOADGEN_)?POSTGRES_|^LOADGEN_IDENTITY_PRINCIPAL_ID$|^AZURE_CLIENT_ID$|^AZURE_RESOURCE_MANAGER_ENDPOINT$/

/** What the settings decide when a request does not. */
export function requestDefaults(environment: Environment): RequestDefaults {
  const value = (name: SettingName) => settingOf(environment, name) ?? ''
  return {
    target: {
      resourceGroup: value('POSTGRES_RESOURCE_GROUP') || value('DRILL_RESOURCE_GROUP'),
      server: value('POSTGRES_SERVER'),
      database: value('POSTGRES_DATABASE'),
    },
    cooldownMinutes: Number(value('COOLDOWN_MINUTES')),
    probes: probeConfig(environment, given(environment, 'PROBE_URL_ALLOWLIST'), isLocalStack(environment)),
  }
}

const problemsOfRows = (environment: Environment, isWanted: (setting: Setting) => boolean = () => true): string[] =>
  SETTINGS.filter(isWanted).flatMap((setting) => problemOf(setting, given(environment, setting.name)) ?? [])

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
  ['DRILL_BLOB_CONNECTION_STRING', 'DRILL_BLOB_CONTAINER'],
  ['LOADGEN_IDENTITY_ID', 'LOADGEN_IDENTITY_CLIENT_ID'],
]

function problemsBetweenRows(environment: Environment): string[] {
  const isGiven = (name: SettingName) => given(environment, name) !== null
  const incomplete = TOGETHER.filter((names) => names.some(isGiven) && !names.every(isGiven)).map(
    (names) => `${names.filter((name) => !isGiven(name)).join(', ')} missing: ${names.join(', ')} go together`,
  )
  if (isGiven('DRILL_BLOB_CONTAINER_URL') === isGiven('DRILL_BLOB_CONNECTION_STRING'))
    incomplete.push('DRILL_BLOB_CONTAINER_URL or DRILL_BLOB_CONNECTION_STRING must be set, and only one of them')
  return [...incomplete, ...problemsOfLoadLogin(environment, LOAD_IDENTITY), ...problemsOfDailyRequest(environment)]
}

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

/** By the rules of a posted body, with the defaults that the timer uses. A malformed setting is reported with that setting. */
function problemsOfDailyRequest(environment: Environment): string[] {
  const name = 'DAILY_DRILL_REQUEST' satisfies SettingName
  const needed = ['POSTGRES_SERVER', 'POSTGRES_DATABASE', 'COOLDOWN_MINUTES', 'PROBE_URL_ALLOWLIST', name] as const
  const isSound = (row: SettingName) => problemsOfRows(environment, (setting) => setting.name === row).length === 0
  if (!needed.every(isSound)) return []
  const parsed = parseRequest(JSON.parse(settingOf(environment, name) ?? ''), {
    drillId: 'daily',
    requestedAt: new Date(0).toISOString(),
    requestedBy: 'timer',
    defaults: requestDefaults(environment),
  })
  if (parsed.ok) return []
  return parsed.problems.map(({ field, problem, expected }) => `${name}: ${field}: ${problem}; expected ${expected}`)
}
