/**
 * The forms of settings: what each must look like, by the rule that later uses the value. A problem says what is expected and
 * what is wrong, and never repeats a piece of the value: any setting can hold a secret that was pasted into the wrong one.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import {
  CONTAINER_NAME_FORM,
  CONTAINER_URL_FORM,
  isContainerName,
  isStorageString,
  problemOfContainerUrl,
  STORAGE_STRING_FORM,
} from '../../loadgen-image/contract/places.ts'
import { cloudOf, ENDPOINT_FORM } from '../platform/cloud.ts'
import { IMAGE_FORM, problemOfImage } from '../platform/image-reference.ts'
import {
  DATABASE_NAME,
  IDENTITY_ID,
  type NameForm,
  REGION_NAME,
  RESOURCE_GROUP_NAME,
  ROLE_NAME,
  SERVER_NAME,
  SUBNET_ID,
  UUID_FORM,
} from '../platform/names.ts'
import { problemOfSchedule, SCHEDULE_FORM } from '../platform/ncrontab.ts'
import {
  isTableName,
  namesTables,
  problemOfTableUrl,
  TABLE_NAME_FORM,
  TABLE_URL_FORM,
  TABLES_IN_STRING,
} from '../platform/table-url.ts'
import { REQUEST_LIMITS } from '../request/request.ts'
import { URL_PREFIXES } from './app-probes.ts'

const fits = (expected: string, isFit: (text: string) => boolean): NameForm => ({
  expected,
  problemOf: (text) => (isFit(text) ? null : ''),
})

const whole = (min: number, max: number): NameForm =>
  fits(
    `a whole number from ${min} to ${max}`,
    (text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max,
  )

const MAX_TEXT = 200
const MAX_PORT = 65_535
const MAX_FAILURES = 100
const MAX_TARGETS = 50
const HUNDRED_YEARS_IN_DAYS = 36_500

export const FORMS = {
  uuid: UUID_FORM,
  server: SERVER_NAME,
  resourceGroup: RESOURCE_GROUP_NAME,
  database: DATABASE_NAME,
  role: ROLE_NAME,
  region: REGION_NAME,
  identityId: IDENTITY_ID,
  subnetId: SUBNET_ID,
  host: { expected: 'a host name or an IP address, without a scheme, a port or a path', problemOf: problemOfHost },
  image: { expected: IMAGE_FORM, problemOf: problemOfImage },
  schedule: { expected: SCHEDULE_FORM, problemOf: problemOfSchedule },
  trueOrFalse: fits('true or false', (text) => text === 'true' || text === 'false'),
  containerUrl: { expected: CONTAINER_URL_FORM, problemOf: problemOfContainerUrl },
  containerName: fits(CONTAINER_NAME_FORM, isContainerName),
  tableUrl: { expected: TABLE_URL_FORM, problemOf: problemOfTableUrl },
  tableName: fits(TABLE_NAME_FORM, isTableName),
  storageString: fits(
    `${STORAGE_STRING_FORM}; ${TABLES_IN_STRING}`,
    (text) => isStorageString(text) && namesTables(text),
  ),
  endpoint: fits(ENDPOINT_FORM, (text) => cloudOf(text) !== null),
  webhookUrl: { expected: 'an http or https URL', problemOf: problemOfWebhook },
  authority: { expected: 'a readable file with a certificate in PEM', problemOf: problemOfAuthority },
  request: { expected: 'a JSON object, a body of POST /api/drills', problemOf: problemOfJsonObject },
  urlPrefixes: URL_PREFIXES,
  port: whole(1, MAX_PORT),
  minutes: whole(0, REQUEST_LIMITS.maxCooldownMinutes),
  days: whole(0, HUNDRED_YEARS_IN_DAYS),
  failures: whole(1, MAX_FAILURES),
  // Its entries are judged in config/targets.ts.
  targets: fits(
    `a JSON list of 1 to ${MAX_TARGETS} objects, such as [{"name": "orders", "server": "pg-orders"}]`,
    (text) => listOfObjects(text) !== null,
  ),
  keptDays: whole(1, HUNDRED_YEARS_IN_DAYS),
  price: fits('a price such as 0.00001294', (text) => /^\d+(\.\d+)?(e-?\d{1,2})?$/i.test(text)),
  currency: fits('a currency of three letters, such as USD', (text) => /^[A-Z]{3}$/.test(text)),
  zones: fits('zones from 1 to 3, separated by commas', (text) => /^[123](,[123]){0,2}$/.test(text)),
  addresses: fits('IP addresses, separated by commas', (text) => text.split(',').every((one) => isIP(one) !== 0)),
  tls: fits('verify-full or disable', (text) => text === 'verify-full' || text === 'disable'),
  apiAuth: fits('keys or entra', (text) => text === 'keys' || text === 'entra'),
  secret: fits('a text without control characters', (text) => !/\p{Cc}/u.test(text)),
  line: fits(
    `one line of at most ${MAX_TEXT} characters`,
    (text) => text.length <= MAX_TEXT && !/\p{Cc}/u.test(text) && !/:\/\/[^/]*@/.test(text),
  ),
} as const satisfies Readonly<Record<string, NameForm>>

export type Form = keyof typeof FORMS

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i
const MAX_HOST = 253

function problemOfHost(text: string): string | null {
  if (isIP(text) !== 0) return null
  if (text.includes('://')) return 'this begins with a scheme'
  if (/^[\w.-]+:\d+$/.test(text)) return 'this holds a port, which has a setting of its own'
  return text.length <= MAX_HOST && text.split('.').every((label) => LABEL.test(label)) ? null : ''
}

/** What sends the message refuses a user and a password in the URL. */
function problemOfWebhook(text: string): string | null {
  if (!/^https?:\/\//i.test(text)) return 'it must begin with https://'
  try {
    new Request(text)
    return null
  } catch {
    return URL.canParse(text) ? 'it must not hold a user or a password' : 'this is no URL'
  }
}

function problemOfAuthority(path: string): string | null {
  try {
    new X509Certificate(readFileSync(path))
    return null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return /^E[A-Z]+$/.test(code ?? '') ? `the file cannot be read (${code})` : 'the file holds no certificate'
  }
}

function problemOfJsonObject(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? null : ''
  } catch {
    return 'this is no JSON'
  }
}

/** Null: it is no such list. */
export function listOfObjects(text: string): ReadonlyArray<Readonly<Record<string, unknown>>> | null {
  try {
    const list: unknown = JSON.parse(text)
    const isList = Array.isArray(list) && list.length > 0 && list.length <= MAX_TARGETS
    return isList && list.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one)) ? list : null
  } catch {
    return null
  }
}
