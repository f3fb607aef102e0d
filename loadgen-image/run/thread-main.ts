/** Entry of a worker thread: connects one LoadThread to the messages of the run. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import { startClock } from '../record/clock.ts'
import { LoadThread } from '../send/load-thread.ts'
import { type FromThread, type LoopDelay, type ThreadSettings, type ToThread, unreachable } from '../send/messages.ts'

const LOOP_DELAY_RESOLUTION_MS = 10
const NS_PER_US = 1000

const port = parentPort
if (port === null) throw new Error('thread-main.ts runs as a worker thread only')
const send = (message: FromThread): void => port.postMessage(message)

const settings = workerData as ThreadSettings
const loopDelay = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS })
loopDelay.enable()

const load = new LoadThread(settings, startClock(settings.clock), {
  connected: (open, error) => send({ kind: 'connected', open, error }),
  second: (part) => send({ kind: 'second', part, loop: takeLoopDelay() }),
  done: () => {
    send({ kind: 'done' })
    loopDelay.disable()
    port.close()
  },
})

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'token':
      load.logInWith(message)
      break
    case 'go':
      load.go(message.startAtUs)
      break
    case 'stop':
      load.stop()
      break
    case 'finish':
      load.finish()
      break
    default:
      unreachable(message)
  }
})
load.connect()

/** Node counts the interval between two looks; the delay is what exceeds the interval that was asked for. */
function takeLoopDelay(): LoopDelay {
  const delayUs = (ns: number) => Math.max(0, Math.round(ns / NS_PER_US - LOOP_DELAY_RESOLUTION_MS * 1000))
  const isEmpty = loopDelay.count === 0
  const taken = {
    eventLoopDelayP99Us: isEmpty ? 0 : delayUs(loopDelay.percentile(99)),
    eventLoopDelayMaxUs: isEmpty ? 0 : delayUs(loopDelay.max),
  }
  loopDelay.reset()
  return taken
}
