/** The calls to the orchestration service. Its management URLs carry a key with all rights, so they never leave the app. */
import type { DurableClient } from 'durable-functions'

export type Orchestrations = Pick<DurableClient, 'startNew' | 'getStatus' | 'raiseEvent' | 'terminate'>

export type Terminations = Pick<DurableClient, 'getStatus' | 'terminate'>

export type Purges = Pick<DurableClient, 'purgeInstanceHistoryBy'>

export interface OrchestrationState {
  readonly runtimeStatus: string
  readonly updatedAt: string
  readonly customStatus: unknown
  readonly output: unknown
}

/** Null when the service knows no such instance: its client then rejects, and only the message says so. */
export async function readState(
  client: Pick<Orchestrations, 'getStatus'>,
  instanceId: string,
): Promise<OrchestrationState | null> {
  try {
    const status = await client.getStatus(instanceId, { showHistory: false, showInput: false })
    return {
      runtimeStatus: String(status.runtimeStatus),
      updatedAt: new Date(status.lastUpdatedTime).toISOString(),
      customStatus: status.customStatus,
      output: status.output,
    }
  } catch (error) {
    if (error instanceof Error && /HTTP 404|not found|no instance/i.test(error.message)) return null
    throw new Error(`reading the state of ${instanceId} failed`, { cause: error })
  }
}

const ENDED = new Set(['Completed', 'Failed', 'Terminated', 'Canceled'])
export const hasEnded = ({ runtimeStatus }: OrchestrationState): boolean => ENDED.has(runtimeStatus)
