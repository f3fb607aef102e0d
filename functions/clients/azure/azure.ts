/** The access to Azure that all management clients share: endpoint, certificate authority, credential, retries. */
import type {
  PostgreSQLManagementFlexibleServerClientOptionalParams as ManagementOptions,
  ServersRestartOptionalParams,
} from '@azure/arm-postgresql-flexible'
import type { TokenCredential } from '@azure/identity'

/** The SDKs' own names for these live in packages that they depend on and that this one does not. */
type AdditionalPolicy = NonNullable<ManagementOptions['additionalPolicies']>[number]
export type PipelinePolicy = AdditionalPolicy['policy']
export type RawResponse = Parameters<NonNullable<ServersRestartOptionalParams['onResponse']>>[0]

export interface AzureAccess {
  readonly credential: TokenCredential
  readonly subscriptionId: string
  /** Without a slash at the end. */
  readonly endpoint: string
  /** Certificate authority of an endpoint without a public certificate. */
  readonly ca: string | null
  /** Time limit of one answer of Resource Manager; the orchestrator polls and waits longer. */
  readonly requestTimeoutMs: number
}

export const managementScope = (access: AzureAccess): string => `${access.endpoint}/.default`

export const tlsOptions = (access: AzureAccess) => (access.ca === null ? {} : { tlsOptions: { ca: access.ca } })

/** This machine, and the identity endpoint of the platform, which answers to no proxy. */
const NEVER_THROUGH_A_PROXY = ['localhost', '127.0.0.1', '[::1]', '169.254.169.254']

/**
 * A proxy of the app's settings (HTTPS_PROXY) is for storage and Resource Manager. Called before any client is
 * created, because the SDK reads the exceptions once.
 */
export function exemptThisMachine(environment: NodeJS.ProcessEnv = process.env): void {
  const listed = (environment.NO_PROXY || environment.no_proxy || '').split(',').map((name) => name.trim())
  const names = [...new Set([...listed, ...NEVER_THROUGH_A_PROXY])].filter((name) => name !== '').join(',')
  environment.NO_PROXY = names
  environment.no_proxy = names
}

/** A request without a time limit of its own gets this one. */
export const answerTimeout = ({ requestTimeoutMs }: AzureAccess): AdditionalPolicy => ({
  position: 'perCall',
  policy: {
    name: 'answerTimeout',
    sendRequest: (request, next) => {
      request.timeout ||= requestTimeoutMs
      return next(request)
    },
  },
})

/** Pauses that a pipeline may take by itself, between requests of one call. */
export const SHORT_RETRIES = { maxRetries: 2, retryDelayInMs: 300, maxRetryDelayInMs: 2_000 } as const
const MAX_PAUSE_SECONDS = 2
const PAUSE_HEADERS = ['retry-after', 'retry-after-ms', 'x-ms-retry-after-ms'] as const
/** Carries a longer pause that the platform asks for: the SDKs do not know this header, and errors keep it. */
export const ASKED_PAUSE_HEADER = 'x-drill-retry-after-seconds'

/**
 * The SDKs wait as long as `Retry-After` says, for minutes inside an activity: in a failover no poll would run meanwhile. The
 * orchestrator makes long pauses instead, so they are hidden from the pipeline, which then returns the answer at once.
 */
export const shortPatience: AdditionalPolicy = {
  position: 'perRetry',
  policy: {
    name: 'shortPatience',
    sendRequest: async (request, next) => {
      const response = await next(request)
      const seconds = askedPauseSeconds((name) => response.headers.get(name), Date.now())
      if (seconds !== null && seconds > MAX_PAUSE_SECONDS) {
        for (const name of PAUSE_HEADERS) response.headers.delete(name)
        response.headers.set(ASKED_PAUSE_HEADER, String(seconds))
      }
      return response
    },
  },
}

/** Seconds or a date; null without a readable value. */
export function askedPauseSeconds(header: (name: string) => string | undefined, nowMs: number): number | null {
  const ms = header('retry-after-ms') ?? header('x-ms-retry-after-ms')
  if (ms !== undefined && /^\d+$/.test(ms)) return Math.ceil(Number(ms) / 1000)
  const text = header('retry-after')
  if (text === undefined) return null
  if (/^\d+$/.test(text)) return Number(text)
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : Math.max(0, Math.ceil((atMs - nowMs) / 1000))
}

/** Options of every management client. */
export const managementOptions = (access: AzureAccess) => ({
  endpoint: access.endpoint,
  credentialScopes: [managementScope(access)],
  retryOptions: SHORT_RETRIES,
  additionalPolicies: [answerTimeout(access), shortPatience],
  ...tlsOptions(access),
})
