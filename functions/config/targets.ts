/**
 * DRILL_TARGETS: the servers of the app, as a JSON list. Each entry is read as the single settings with its own fields in their place, so a
 * field has the form, the default and the rules of the setting that it stands for. Without the list the single settings are the one entry.
 *
 *   [{ "name": "orders", "resourceGroup": "rg-orders", "server": "pg-orders", "schedule": "0 0 2 * * *", "passwordSetting": "TARGET_SECRET_ORDERS" }]
 *
 * A password never stands in the list: a platform resolves a Key Vault reference only as the whole value of a setting, so an entry names
 * the setting that holds one.
 */
import { serverKey } from '../model/drill-index.ts'
import type { Target } from '../model/plan.ts'
import { TARGET_NAME } from '../platform/names.ts'
import { FORMS, type Form, listOfObjects } from './forms.ts'
import { type Environment, given, type SettingName, settingNamed, settingOf } from './settings.ts'

/** A field of an entry, and the setting that it stands for. */
const FIELDS = {
  subscriptionId: 'AZURE_SUBSCRIPTION_ID',
  resourceGroup: 'POSTGRES_RESOURCE_GROUP',
  server: 'POSTGRES_SERVER',
  database: 'POSTGRES_DATABASE',
  host: 'POSTGRES_HOST',
  directPort: 'POSTGRES_PORT_DIRECT',
  pgbouncerPort: 'POSTGRES_PORT_PGBOUNCER',
  tls: 'POSTGRES_TLS',
  user: 'POSTGRES_USER',
  loadUser: 'LOADGEN_POSTGRES_USER',
  schedule: 'DAILY_DRILL_SCHEDULE',
  dailyRequest: 'DAILY_DRILL_REQUEST',
  requestDefaults: 'DRILL_REQUEST_DEFAULTS',
  stopAfterFailures: 'DAILY_DRILL_STOP_AFTER_FAILURES',
  stopServerBetweenDrills: 'STOP_SERVER_BETWEEN_DRILLS',
  cooldownMinutes: 'COOLDOWN_MINUTES',
  rowsRetentionDays: 'DRILL_ROWS_RETENTION_DAYS',
} as const satisfies Readonly<Record<string, SettingName>>

/** They hold the name of the setting with the secret. */
const SECRET_FIELDS = {
  passwordSetting: 'POSTGRES_PASSWORD',
  loadPasswordSetting: 'LOADGEN_POSTGRES_PASSWORD',
} as const satisfies Readonly<Record<string, SettingName>>

const KNOWN = ['name', ...Object.keys(FIELDS), ...Object.keys(SECRET_FIELDS)]

/** What one server cannot share with another. */
const OF_ONE_SERVER: readonly SettingName[] = [
  'POSTGRES_SERVER',
  'POSTGRES_HOST',
  'DAILY_DRILL_SCHEDULE',
  'DAILY_DRILL_REQUEST',
]

const TARGET_SECRET = /^TARGET_SECRET_[A-Z0-9_]{1,60}$/
const SECRET_NAME_FORM = 'the name of a setting TARGET_SECRET_<NAME>, which holds a Key Vault reference'

type Entry = Readonly<Record<string, unknown>>

/** One server: its settings, and how an error names one of them. */
export interface TargetSettings {
  readonly name: string
  readonly environment: Environment
  /** In the words of the reader who has to correct it. */
  readonly wordOf: (setting: SettingName) => string
  /** Settings that the entry itself replaces. */
  readonly own: ReadonlySet<SettingName>
  /** Settings that the entry gives in a form that is not theirs: what follows from their absence is no other problem. */
  readonly malformed: ReadonlySet<SettingName>
}

export const hasList = (environment: Environment): boolean => given(environment, 'DRILL_TARGETS') !== null

/** For settings without problems of form: a malformed list gives none. */
export function targetsOf(environment: Environment): readonly TargetSettings[] {
  if (!hasList(environment))
    return [
      {
        name: settingOf(environment, 'POSTGRES_SERVER') ?? '',
        environment,
        wordOf: (setting) => setting,
        own: new Set(),
        malformed: new Set(),
      },
    ]
  return entriesOf(environment).map((entry, index) => targetOf(environment, entry, index))
}

/** Without a resource group of its own the server is where the load generators are. */
export function targetPlaceOf(shared: Environment, own: Environment): Target {
  const value = (setting: SettingName) => settingOf(own, setting) ?? ''
  const subscriptionId = value('AZURE_SUBSCRIPTION_ID')
  const isElsewhere = subscriptionId.toLowerCase() !== (given(shared, 'AZURE_SUBSCRIPTION_ID') ?? '').toLowerCase()
  return {
    ...(isElsewhere && { subscriptionId }),
    resourceGroup: value('POSTGRES_RESOURCE_GROUP') || value('DRILL_RESOURCE_GROUP'),
    server: value('POSTGRES_SERVER'),
    database: value('POSTGRES_DATABASE'),
  }
}

function targetOf(shared: Environment, entry: Entry, index: number): TargetSettings {
  const own = ownSettings(shared, entry)
  const name = typeof entry.name === 'string' ? entry.name : ''
  const common = Object.fromEntries(Object.entries(shared).filter(([setting]) => !isReplaced(setting, entry)))
  return {
    name,
    environment: { ...common, ...own },
    wordOf: (setting) => placeOf(index, fieldOf(setting) ?? setting),
    own: new Set(Object.keys(own) as SettingName[]),
    malformed: new Set(malformedOf(shared, entry)),
  }
}

/** A user of the entry's own does not log in with the password of the shared one. */
const isReplaced = (setting: string, { user, loadUser }: Entry): boolean =>
  OF_ONE_SERVER.some((one) => one === setting) ||
  (setting === 'POSTGRES_PASSWORD' && user !== undefined) ||
  (setting === 'LOADGEN_POSTGRES_PASSWORD' && loadUser !== undefined)

function ownSettings(shared: Environment, entry: Entry): Record<string, string> {
  const fields = Object.entries(FIELDS).flatMap(([field, setting]) =>
    isOfKind(setting, entry[field]) ? [[setting, textOf(entry[field])] as const] : [],
  )
  const secrets = Object.entries(SECRET_FIELDS).flatMap(([field, setting]) => {
    const name = entry[field]
    const value = typeof name === 'string' && TARGET_SECRET.test(name) ? given(shared, name) : null
    return value === null ? [] : [[setting, value] as const]
  })
  return Object.fromEntries([...fields, ...secrets])
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const fieldOf = (setting: SettingName): string | undefined =>
  Object.entries({ ...FIELDS, ...SECRET_FIELDS }).find(([, one]) => one === setting)?.[0]

const placeOf = (index: number, field: string): string => `DRILL_TARGETS[${index}].${field}`

// ---- The JSON of a field ------------------------------------------------------------------------------------------------

const KIND_OF_FORM: Partial<Record<Form, 'number' | 'boolean' | 'object'>> = {
  port: 'number',
  minutes: 'number',
  days: 'number',
  failures: 'number',
  trueOrFalse: 'boolean',
  request: 'object',
}

const kindOf = (setting: SettingName) => KIND_OF_FORM[settingNamed(setting).form] ?? 'string'

const isOfKind = (setting: SettingName, value: unknown): boolean =>
  typeof value === kindOf(setting) && value !== null && !Array.isArray(value)

const entriesOf = (environment: Environment): readonly Entry[] =>
  listOfObjects(given(environment, 'DRILL_TARGETS') ?? '') ?? []

// ---- Problems -----------------------------------------------------------------------------------------------------------

/** What is wrong with the entries; that it is a list is the form of the setting. Never repeats a value: any of them may be a secret in the wrong place. */
export function problemsOfList(environment: Environment): string[] {
  if (!hasList(environment)) return []
  const beside = OF_ONE_SERVER.filter((name) => given(environment, name) !== null).map(
    (name) =>
      `${name} belongs to a single server: with DRILL_TARGETS give ${fieldOf(name)} in each entry, and not this setting`,
  )
  const entries = entriesOf(environment)
  return [
    ...beside,
    ...entries.flatMap((entry, index) => problemsOfEntry(environment, entry, index)),
    ...problemsOfSame(entries, 'name', ({ name }) => name),
    ...problemsOfSame(entries, 'server', (entry) => serverOf(environment, entry)),
  ]
}

function problemsOfEntry(environment: Environment, entry: Entry, index: number): string[] {
  const problems = Object.keys(entry)
    .filter((field) => !KNOWN.includes(field))
    .map((field) => `DRILL_TARGETS[${index}] has an unknown field${nameOf(field)}; it knows ${KNOWN.join(', ')}`)
  if (typeof entry.name !== 'string' || TARGET_NAME.problemOf(entry.name) !== null)
    problems.push(`${placeOf(index, 'name')} must be ${TARGET_NAME.expected}`)
  for (const [field, setting] of Object.entries(FIELDS)) {
    const problem = problemOfField(setting, entry[field])
    const { expected } = FORMS[settingNamed(setting).form]
    if (problem !== null) problems.push(`${placeOf(index, field)} must be ${expected}${problem && `; ${problem}`}`)
  }
  for (const field of Object.keys(SECRET_FIELDS))
    if (entry[field] !== undefined)
      problems.push(...problemsOfSecretName(environment, entry[field], placeOf(index, field)))
  for (const field of ['requestDefaults', 'dailyRequest'])
    if (Object.hasOwn((entry[field] ?? {}) as object, 'target'))
      problems.push(`${placeOf(index, field)} must not hold a target: it is a request to this server`)
  return [...new Set(problems)]
}

function problemOfField(setting: SettingName, value: unknown): string | null {
  if (value === undefined) return null
  const { problemOf } = FORMS[settingNamed(setting).form]
  return isOfKind(setting, value) ? problemOf(textOf(value)) : `it must be a JSON ${kindOf(setting)}`
}

const malformedOf = (shared: Environment, entry: Entry): SettingName[] => [
  ...Object.entries(FIELDS).flatMap(([field, setting]) =>
    problemOfField(setting, entry[field]) === null ? [] : [setting],
  ),
  ...Object.entries(SECRET_FIELDS).flatMap(([field, setting]) =>
    entry[field] === undefined || problemsOfSecretName(shared, entry[field], field).length === 0 ? [] : [setting],
  ),
]

/** Names alone: a name may be a piece of a value that was pasted in. */
const nameOf = (field: string): string => (/^[A-Za-z_]{1,30}$/.test(field) ? ` ${field}` : '')

function problemsOfSecretName(environment: Environment, name: unknown, place: string): string[] {
  if (typeof name !== 'string' || !TARGET_SECRET.test(name)) return [`${place} must be ${SECRET_NAME_FORM}`]
  const value = given(environment, name)
  if (value === null) return [`${place} names the setting ${name}, which is missing`]
  // The platform passes the reference itself to the app if it could not read the vault.
  if (/^@Microsoft\.KeyVault\(/i.test(value))
    return [`${name} is a Key Vault reference that was not resolved: let the app's identity read secrets of that vault`]
  return FORMS.secret.problemOf(value) === null ? [] : [`${name} must be ${FORMS.secret.expected}`]
}

/** History, lock and cool-down are those of a server, in whichever subscription it is. */
function serverOf(shared: Environment, entry: Entry): string | undefined {
  const place = targetPlaceOf(shared, targetOf(shared, entry, 0).environment)
  return place.server === '' ? undefined : serverKey(place)
}

function problemsOfSame(entries: readonly Entry[], field: string, of: (entry: Entry) => unknown): string[] {
  const values = entries.map(of)
  return values.flatMap((value, index) => {
    const first = values.indexOf(value)
    return value === undefined || first === index
      ? []
      : [`${placeOf(index, field)} is the same as that of DRILL_TARGETS[${first}]`]
  })
}
