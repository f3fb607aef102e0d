/**
 * The container registry: one image, whose only layer is the load generator's entry file. It answers what a pull asks
 * first: a challenge, the exchange of an Azure token for a registry token, and the manifest with its digest.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ArmError } from './arm-error.ts'

export const REPOSITORY = 'loadgen'

export interface Registry {
  /** By digest, as a setting would pin it. */
  readonly reference: string
  isImage(reference: string): boolean
  manifest(version: string): { readonly body: string; readonly digest: string }
  challenge(repository: string): string
  /** The SDK reads the expiry out of it, so it has the form of a JWT; nothing signs it. */
  refreshToken(): string
}

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
const HOUR_SECONDS = 3_600

export function createRegistry(host: string, entryFile: string): Registry {
  const body = manifestOf(readFileSync(entryFile))
  const digest = digestOf(body)
  const name = `${host}/${REPOSITORY}`
  return {
    reference: `${name}@${digest}`,
    isImage: (reference) => [`${name}@${digest}`, `${name}:latest`, name].includes(reference),
    manifest: (version) => {
      if (version !== digest && version !== 'latest') throw manifestUnknown(version)
      return { body, digest }
    },
    challenge: (repository) =>
      `Bearer realm="https://${host}/oauth2/token",service="${host}",scope="repository:${repository}:pull"`,
    refreshToken: () => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const exp = Math.floor(Date.now() / 1000) + HOUR_SECONDS
      return `${part({ alg: 'none', typ: 'JWT' })}.${part({ exp })}.${part({})}`
    },
  }
}

const digestOf = (content: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`

const manifestOf = (entry: Uint8Array): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 },
    layers: [{ mediaType: 'application/javascript', digest: digestOf(entry), size: entry.length }],
  })

export const manifestUnknown = (version: string) =>
  new ArmError(404, 'MANIFEST_UNKNOWN', `manifest tagged by "${version}" is not found`)
