/** A thread that connects and then dies without a message: thread 1 shortly after the start of the load, the others never. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadSettings, ToThread } from '../../loadgen-image/send/messages.ts'

const { thread } = workerData as ThreadSettings
if (thread === 1)
  parentPort?.on('message', (message: ToThread) => {
    if (message.kind === 'go') setTimeout(() => process.exit(0), 700)
  })
await import('../../loadgen-image/run/thread-main.ts')
