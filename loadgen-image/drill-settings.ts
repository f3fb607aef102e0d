/** The environment of a container in a drill, checked as a whole before anything is connected. */

import { parseConnectionString } from './connection/connection-string.ts'
import { atPort, isSocketFolder, type ServerTarget } from './connection/target.ts'
import { APP_PROBE_ENVIRONMENT } from './contract/app-probe.ts'
import type { Parsed } from './contract/fields.ts'
import { ENVIRONMENT } from './contract/glossary.ts'
import { isDrillId, PLAN_LIMITS } from './contract/load-plan.ts'
import {
  CONTAINER_NAME_FORM,
  CONTAINER_URL_FORM,
  isContainerName,
  isStorageString,
  problemOfContainerUrl,
  STORAGE_STRING_FORM,
} from './contract/places.ts'
import { hideSecret } from './contract/redact.ts'
import type { TokenAccess } from './identity/database-token.ts'
import type { BlobAccess } from './output/blob-store.ts'

export interface DrillSettings {
  readonly drillId: string
  readonly container: number
  readonly blobs: BlobAccess
  readonly pgbouncer: ServerTarget
  readonly direct: ServerTarget
  /** Null: the connection string holds the password. */
  readonly token: TokenAccess | null
  /** Of application probes, by their names. */
  readonly probeSecrets: ReadonlyMap<string, string>
  readonly allowLoopbackProbes: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

export const DEFAULT_DIRECT_PORT = 5432
export const MAX_PORT = 65_535

export function parseDrillSettings(environment: Environment): Parsed<DrillSettings> {
  const problems: string[] = []
  const drillId = environment[ENVIRONMENT.drillId] ?? ''
  if (drillId === '') problems.push(`${ENVIRONMENT.drillId}: missing`)
  else if (!isDrillId(drillId)) problems.push(`${ENVIRONMENT.drillId}: expected the id of a drill`)
  const container = wholeNumber(environment, ENVIRONMENT.container, 0, 0, PLAN_LIMITS.maxContainers - 1, problems)
  const directPort = wholeNumber(environment, ENVIRONMENT.directPort, DEFAULT_DIRECT_PORT, 1, MAX_PORT, problems)
  const blobs = parseBlobAccess(environment, problems)
  const pgbouncer = parseServer(environment, problems)
  const token = parseTokenAccess(environment, pgbouncer, problems)
  const probeSecrets = parseProbeSecrets(environment, problems)
  const allowLoopbackProbes = environment[APP_PROBE_ENVIRONMENT.loopback] === 'true'
  if (problems.length > 0 || blobs === null || pgbouncer === null) return { problems }
  const direct = atPort(pgbouncer, directPort)
  return { value: { drillId, container, blobs, pgbouncer, direct, token, probeSecrets, allowLoopbackProbes } }
}

/** No problem repeats a piece of it. */
function parseProbeSecrets(environment: Environment, problems: string[]): ReadonlyMap<string, string> {
  const text = environment[APP_PROBE_ENVIRONMENT.secrets] || '{}'
  const all = jsonOf(text)
  const isSound = typeof all === 'object' && all !== null && Object.values(all).every((one) => typeof one === 'string')
  if (!isSound) problems.push(`${APP_PROBE_ENVIRONMENT.secrets}: expected a JSON object of texts`)
  const secrets = new Map(isSound ? (Object.entries(all) as Array<[string, string]>) : [])
  for (const value of secrets.values()) hideSecret(value)
  return secrets
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export function parseServer(environment: Environment, problems: string[]): ServerTarget | null {
  const text = environment[ENVIRONMENT.connectionString]
  if (text === undefined || text === '') {
    problems.push(`${ENVIRONMENT.connectionString}: missing; expected postgres://user:password@host:6432/database`)
    return null
  }
  const parsed = parseConnectionString(text)
  if ('value' in parsed) {
    hideSecret(parsed.value.password)
    return parsed.value
  }
  problems.push(...parsed.problems.map((problem) => `${ENVIRONMENT.connectionString}: ${problem}`))
  return null
}

const SCOPE = /^https:\/\/[a-z0-9.-]+\/\.default$/

/** Null: none was asked for, or it has a problem. */
export function parseTokenAccess(
  environment: Environment,
  server: ServerTarget | null,
  problems: string[],
): TokenAccess | null {
  const name = ENVIRONMENT.databaseTokenScope
  const scope = environment[name] ?? ''
  if (scope === '') return null
  const before = problems.length
  if (!SCOPE.test(scope))
    problems.push(`${name}: expected a scope such as https://ossrdbms-aad.database.windows.net/.default`)
  if (server !== null && server.password !== '')
    problems.push(`${name}: the connection string holds a password; give the token or the password`)
  // The server asks for the token in clear text: a reader of it can log in until it expires.
  if (server !== null && !isSafeForToken(server))
    problems.push(`${name}: a token goes to a server whose certificate is checked; set sslmode=verify-full`)
  return problems.length > before ? null : { scope, clientId: environment[ENVIRONMENT.identityClientId] || null }
}

const isSafeForToken = ({ places, tls }: ServerTarget): boolean =>
  tls?.mode === 'verify-full' || places.every(({ host, address }) => isThisMachine(address ?? host))

const isThisMachine = (host: string): boolean =>
  isSocketFolder(host) || /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host)

function parseBlobAccess(environment: Environment, problems: string[]): BlobAccess | null {
  const connectionString = environment[ENVIRONMENT.blobConnectionString]
  if (connectionString) return withConnectionString(connectionString, environment, problems)
  const containerUrl = environment[ENVIRONMENT.blobContainerUrl] ?? ''
  const problem = problemOfContainerUrl(containerUrl)
  if (problem === null)
    return { kind: 'identity', containerUrl, clientId: environment[ENVIRONMENT.identityClientId] || null }
  problems.push(`${ENVIRONMENT.blobContainerUrl}: expected ${CONTAINER_URL_FORM}; ${problem}`)
  return null
}

function withConnectionString(
  connectionString: string,
  environment: Environment,
  problems: string[],
): BlobAccess | null {
  const container = environment[ENVIRONMENT.blobContainer] ?? ''
  const before = problems.length
  if (!isStorageString(connectionString))
    problems.push(`${ENVIRONMENT.blobConnectionString}: expected ${STORAGE_STRING_FORM}`)
  if (container === '')
    problems.push(`${ENVIRONMENT.blobContainer}: missing; it goes with ${ENVIRONMENT.blobConnectionString}`)
  else if (!isContainerName(container)) problems.push(`${ENVIRONMENT.blobContainer}: expected ${CONTAINER_NAME_FORM}`)
  return problems.length > before ? null : { kind: 'connection-string', connectionString, container }
}

function wholeNumber(
  environment: Environment,
  name: string,
  otherwise: number,
  min: number,
  max: number,
  problems: string[],
): number {
  const text = environment[name]
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (Number.isInteger(value) && value >= min && value <= max) return value
  problems.push(`${name}: expected a whole number from ${min} to ${max}`)
  return otherwise
}
