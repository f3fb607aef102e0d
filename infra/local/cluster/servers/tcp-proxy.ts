/**
 * One address for the primary, whichever server that is: the local form of the server's name in DNS. It forwards TCP to
 * the primary's port; while it is closed, clients are refused as by a dead machine.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { HeldPort } from '../../process/ports.ts'

export class TcpProxy {
  readonly port: number
  readonly #held: HeldPort
  readonly #sockets = new Set<Socket>()
  #listener: Server | null = null
  #serverPort = 0

  constructor(held: HeldPort) {
    this.#held = held
    this.port = held.port
  }

  /** Forwards to the server at this port of 127.0.0.1. */
  async open(serverPort: number): Promise<void> {
    await this.#held.release()
    this.#serverPort = serverPort
    const listener = createServer({ noDelay: true }, (client) => this.#forward(client, this.#serverPort))
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen({ host: '127.0.0.1', port: this.port }, resolve)
    })
    this.#listener = listener
  }

  /** New clients reach another server; those that are connected stay where they are, as when a name in DNS changes. */
  moveTo(serverPort: number): void {
    this.#serverPort = serverPort
  }

  /** Refuses new clients and disconnects the others. */
  async close(): Promise<void> {
    const listener = this.#listener
    this.#listener = null
    const closed = new Promise<void>((resolve) => (listener ? listener.close(() => resolve()) : resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #forward(client: Socket, serverPort: number): void {
    const server = connect({ host: '127.0.0.1', port: serverPort, noDelay: true })
    for (const [socket, other] of [[client, server] as const, [server, client] as const]) {
      this.#sockets.add(socket)
      socket.pipe(other)
      // An error on one side closes both: a half-open relay would hide the server's death.
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }
}
