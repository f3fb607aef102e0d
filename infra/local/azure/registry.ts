/**
 * The container registry: one image, whose only layer is the load generator's entry file. It serves the first calls of a pull: the
 * challenge, the exchange of an Azure token for a registry token, and the manifest with its digest.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { ArmError } from './arm/arm.ts'
import type { Switches } from './control.ts'

const REPOSITORY = 'loadgen'

export type Registry = ReturnType<typeof createRegistry>

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
const HOUR_SECONDS = 3_600

export function createRegistry(host: string, entryFile: string) {
  const body = manifestOf(readFileSync(entryFile))
  const digest = digestOf(body)
  const name = `${host}/${REPOSITORY}`
  return {
    /** By digest, as a setting pins it. */
    reference: `${name}@${digest}`,
    isImage: (reference: string) => [`${name}@${digest}`, `${name}:latest`, name].includes(reference),
    manifest: (version: string) => {
      if (version !== digest && version !== 'latest') throw manifestUnknown(version)
      return { body, digest }
    },
    challenge: (repository: string) =>
      `Bearer realm="https://${host}/oauth2/token",service="${host}",scope="repository:${repository}:pull"`,
    /** In the form of a JWT without a signature: the SDK reads its expiry. */
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

const manifestUnknown = (version: string) =>
  new ArmError(404, 'MANIFEST_UNKNOWN', `manifest tagged by "${version}" is not found`)

interface RegistryServices {
  readonly registry: Registry
  readonly switches: Switches
}

export function addRegistryRoutes(app: FastifyInstance, { registry, switches }: RegistryServices, token: string): void {
  const registryToken = `registry-${token}`
  app.post('/oauth2/exchange', ({ body }) => {
    if (formOf(body).get('access_token') !== token) throw new ArmError(401, 'UNAUTHORIZED', 'authentication required')
    return { refresh_token: registry.refreshToken() }
  })
  app.post('/oauth2/token', () => ({ access_token: registryToken }))
  app.get('/v2/:repository/manifests/:version', (request, reply) => {
    const { repository, version } = request.params as { readonly repository: string; readonly version: string }
    if (request.headers.authorization !== `Bearer ${registryToken}`) {
      reply.header('WWW-Authenticate', registry.challenge(repository))
      throw new ArmError(401, 'UNAUTHORIZED', 'authentication required')
    }
    if (!switches.hasImage || repository !== REPOSITORY) throw manifestUnknown(version)
    const { body, digest } = registry.manifest(version)
    return reply.header('Docker-Content-Digest', digest).type(MANIFEST_TYPE).send(body)
  })
}

const formOf = (body: unknown): URLSearchParams => new URLSearchParams(typeof body === 'string' ? body : '')
