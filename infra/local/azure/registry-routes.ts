/** What a client of a container registry asks before it pulls: a challenge, two exchanges of tokens, the manifest. */
import type { FastifyInstance } from 'fastify'
import { ArmError } from './arm-error.ts'
import type { World } from './control.ts'
import { MANIFEST_TYPE, manifestUnknown, REPOSITORY, type Registry } from './registry.ts'

interface RegistryServices {
  readonly registry: Registry
  readonly world: World
}

export function addRegistryRoutes(app: FastifyInstance, { registry, world }: RegistryServices, token: string): void {
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
    if (!world.hasImage || repository !== REPOSITORY) throw manifestUnknown(version)
    const { body, digest } = registry.manifest(version)
    return reply.header('Docker-Content-Digest', digest).type(MANIFEST_TYPE).send(body)
  })
}

const formOf = (body: unknown): URLSearchParams => new URLSearchParams(typeof body === 'string' ? body : '')
