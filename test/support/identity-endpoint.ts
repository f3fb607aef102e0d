/**
 * The identity endpoint of a virtual machine or a container (IMDS) on loopback, for the real SDK: it hands out what the test issues.
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Issued {
  readonly token: string
  readonly validForSeconds: number
}

export interface IdentityEndpoint {
  /** For the environment of the process under test: where its SDK looks for the endpoint. */
  readonly environment: Readonly<Record<string, string>>
  /** `resource client_id` of every well-formed request. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

/** `issue` returns null: the endpoint answers that no such identity is assigned yet. */
export async function startIdentityEndpoint(
  issue: () => Promise<Issued | null> | Issued | null,
): Promise<IdentityEndpoint> {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const isToken = /^\/metadata\/identity\/oauth2\/token\/?$/.test(pathname) && request.headers.metadata === 'true'
    if (!isToken || searchParams.get('api-version') === null) {
      response.writeHead(400).end()
      return
    }
    asked.push(`${searchParams.get('resource')} ${searchParams.get('client_id')}`)
    const issued = await issue()
    if (issued === null) {
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: 'invalid_request', error_description: 'Identity not found' }))
      return
    }
    const expiresOn = Math.floor(Date.now() / 1000) + issued.validForSeconds
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({
        access_token: issued.token,
        expires_on: String(expiresOn),
        expires_in: String(issued.validForSeconds),
        resource: searchParams.get('resource'),
        token_type: 'Bearer',
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    environment: { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${port}` },
    asked,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
