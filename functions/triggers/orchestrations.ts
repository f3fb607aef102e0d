/** The little that triggers ask of the orchestration service. Its management URLs carry a key that may do everything, so they never leave the app. */
import type { DurableClient } from 'durable-functions'

export type Orchestrations = Pick<DurableClient, 'startNew' | 'getStatus' | 'raiseEvent' | 'terminate'>

export type Terminations = Pick<DurableClient, 'getStatus' | 'terminate'>

export interface OrchestrationState {
  readonly runtimeStatus: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly customStatus: unknown
  readonly output: unknown
}

/** Null when the service knows no such instance; its client rejects then, and tells it by words alone. */
export async function readState(
  client: Pick<Orchestrations, 'getStatus'>,
  drillId: string,
): Promise<OrchestrationState | null> {
  try {
    const status = await client.getStatus(drillId, { showHistory: false, showInput: false })
    return {
      runtimeStatus: String(status.runtimeStatus),
      createdAt: new Date(status.createdTime).toISOString(),
      updatedAt: new Date(status.lastUpdatedTime).toISOString(),
      customStatus: status.customStatus,
      output: status.output,
    }
  } catch (error) {
    if (error instanceof Error && /HTTP 404|not found|no instance/i.test(error.message)) return null
    throw new Error(`reading the state of drill ${drillId} failed`, { cause: error })
  }
}

const ENDED = new Set(['Completed', 'Failed', 'Terminated', 'Canceled'])
export const hasEnded = ({ runtimeStatus }: OrchestrationState): boolean => ENDED.has(runtimeStatus)
