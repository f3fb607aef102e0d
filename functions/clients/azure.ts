/** How the clients reach Azure: where Resource Manager is, whom it trusts, and who asks. The same for every management client. */
import type {
  PostgreSQLManagementFlexibleServerClientOptionalParams as ManagementOptions,
  ServersRestartOptionalParams,
} from '@azure/arm-postgresql-flexible'
import type { TokenCredential } from '@azure/identity'

/** The SDKs' own names for these live in packages that they depend on and that this one does not. */
export type AdditionalPolicy = NonNullable<ManagementOptions['additionalPolicies']>[number]
export type PipelinePolicy = AdditionalPolicy['policy']
export type RawResponse = Parameters<NonNullable<ServersRestartOptionalParams['onResponse']>>[0]

export interface AzureAccess {
  readonly credential: TokenCredential
  readonly subscriptionId: string
  /** Without a slash at the end. */
  readonly endpoint: string
  /** Certificate authority of an endpoint that no public authority vouches for. */
  readonly ca: string | null
  /** A wait for one answer of Resource Manager; polling and patience belong to the orchestration. */
  readonly requestTimeoutMs: number
}

export const managementScope = (access: AzureAccess): string => `${access.endpoint}/.default`

export const tlsOptions = (access: AzureAccess) => (access.ca === null ? {} : { tlsOptions: { ca: access.ca } })

/** What lies on this machine, or answers to no other: the identity endpoint of the platform among them. */
const NEVER_THROUGH_A_PROXY = ['localhost', '127.0.0.1', '[::1]', '169.254.169.254']

/**
 * A proxy of the app's settings (HTTPS_PROXY) serves what is outside: storage, Resource Manager. Before any client is made,
 * because the SDK reads the exceptions once.
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

/** Options of every management client. */
export const managementOptions = (access: AzureAccess) => ({
  endpoint: access.endpoint,
  credentialScopes: [managementScope(access)],
  retryOptions: { maxRetries: 3 },
  additionalPolicies: [answerTimeout(access)],
  ...tlsOptions(access),
})
