/** What carries a host's orchestrations. There are two: this host's own engine, and the Durable extension that runs in Azure. */
import type { Answer, Asked } from '../http/exchange.ts'

export interface TaskHub {
  /** Takes up what an earlier host left; functions may be called from then on. */
  start(): Promise<void>
  /** Where durable-functions' client in the app sends its calls; known once started. */
  readonly rpcBaseUrl: string
  /** The management API. `path` is what follows its address, percent-encoded. */
  manage(path: string, asked: Asked): Promise<Answer>
  /** No turn and no activity is under way. */
  whenSettled(): Promise<void>
  /** Drops what is still under way; the next host takes it up. */
  stop(): Promise<void>
}
