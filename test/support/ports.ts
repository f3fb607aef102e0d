/** Ports of this machine for servers of a test. */
import { createServer, type Server } from 'node:net'

/** The port that it got. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return (server.address() as { readonly port: number }).port
}

/** At which no program listens. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
