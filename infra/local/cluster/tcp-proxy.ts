/**
 * PostgreSQL's own port under one address, whichever server is the primary: the local stand-in for the server's name in
 * DNS. It forwards bytes to the primary, and while it is closed clients are refused, as they are by a dead machine.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { HeldPort } from '../process/ports.ts'

export interface FrontDoor {
  readonly port: number
  /** Forwards to the server at this port of 127.0.0.1. */
  open(serverPort: number): Promise<void>
  /** Refuses new clients and cuts off those who are in. */
  close(): Promise<void>
}

export function createFrontDoor(port: HeldPort): FrontDoor {
  let listener: Server | null = null
  const sockets = new Set<Socket>()

  const forward = (client: Socket, serverPort: number) => {
    const server = connect({ host: '127.0.0.1', port: serverPort, noDelay: true })
    for (const [socket, other] of [[client, server] as const, [server, client] as const]) {
      sockets.add(socket)
      socket.pipe(other)
      // One side that ends in an error takes the other with it: a half-open relay would hide the server's death.
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  }

  return {
    port: port.port,
    open: async (serverPort) => {
      await port.release()
      const opened = createServer({ noDelay: true }, (client) => forward(client, serverPort))
      await new Promise<void>((resolve, reject) => {
        opened.once('error', reject)
        opened.listen({ host: '127.0.0.1', port: port.port }, resolve)
      })
      listener = opened
    },
    close: async () => {
      const closing = listener
      listener = null
      const closed = new Promise<void>((resolve) => (closing ? closing.close(() => resolve()) : resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
