/**
 * The identity with which the generator logs in to Azure. A container of a drill has one of its own, named by its client id; a single
 * kind of credential probes nothing and reports a clear error. A stand-alone run takes what its machine offers: an identity, or the
 * operator's own login.
 */
import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity'

export interface AccessToken {
  readonly token: string
  readonly expiresOnTimestamp: number
}

export interface Credential {
  getToken(scope: string | string[]): Promise<AccessToken | null>
}

export const credentialOf = (clientId: string | null): DefaultAzureCredential | ManagedIdentityCredential =>
  clientId === null ? new DefaultAzureCredential() : new ManagedIdentityCredential({ clientId })
