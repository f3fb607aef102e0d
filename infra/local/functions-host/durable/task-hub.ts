/** The part of a host that runs its orchestrations. There are two: this host's own engine, and the Durable extension that runs in Azure. */
export interface TaskHub {
  /** Resumes the orchestrations of an earlier host; functions may be called from then on. */
  start(): Promise<void>
  /** The address that durable-functions' client in the app calls; known once started. */
  readonly rpcBaseUrl: string
  /** No turn and no activity is under way. */
  whenSettled(): Promise<void>
  /** Drops all work under way; the next host resumes it. */
  stop(): Promise<void>
}
