/** A port on 127.0.0.1 that answers requests read whole, and closes without cutting off the answers under way. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, type Asked, empty, readRequest, TooLargeError, writeAnswer } from './exchange.ts'

export interface Listener {
  readonly port: number
  /** Takes no more requests; resolves when those under way are answered. */
  close(): Promise<void>
  /** Cuts off whatever is still open. */
  cut(): void
}

export interface ListenOptions {
  readonly port: number
  readonly bodyLimitBytes: number
  readonly answer: (asked: Asked) => Promise<Answer>
  readonly log: (message: string) => void
}

export async function listen(options: ListenOptions): Promise<Listener> {
  const server = createServer((request, response) => void serve(request, response, options))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new Error(
          cause.code === 'EADDRINUSE'
            ? `port ${options.port} on 127.0.0.1 is taken by another program; stop it or choose another port`
            : `listening on 127.0.0.1:${options.port} failed: ${cause.message}`,
          { cause },
        ),
      ),
    )
    server.listen(options.port, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
    cut: () => server.closeAllConnections(),
  }
}

async function serve(request: IncomingMessage, response: ServerResponse, options: ListenOptions): Promise<void> {
  try {
    await writeAnswer(response, await options.answer(await readRequest(request, options.bodyLimitBytes)))
  } catch (error) {
    const tooLarge = error instanceof TooLargeError
    if (!tooLarge) options.log(`${request.method} ${request.url?.split('?')[0]} failed: ${(error as Error).stack}`)
    if (!response.headersSent) await writeAnswer(response, empty(tooLarge ? 413 : 500, { connection: 'close' }))
    else response.destroy()
  }
}
