/** How the Durable extension (3.19) words a failed activity for the orchestrator that called it: the message, and details as JSON. */
import { EventType, type FailureDetails, type HistoryEvent } from './wire.ts'

export interface FailureOptions {
  /**
   * Newer extensions send structured details as well, and the library then throws a TaskFailedError instead of an
   * Error. An orchestrator must work with both, so tests run it with both.
   */
  readonly failureDetails: boolean
}

export function activityFailed(taskId: number, name: string, error: unknown, options: FailureOptions): HistoryEvent {
  const { message, stack } = asError(error)
  return {
    EventType: EventType.TaskFailed,
    EventId: -1,
    Timestamp: '',
    TaskScheduledId: taskId,
    Reason: `Activity function '${name}' failed: ${message}`,
    Details: JSON.stringify({
      ClassName: 'System.Exception',
      Message: message,
      StackTrace: stack,
    }),
    ...(options.failureDetails ? { FailureDetails: detailsOf(message, stack) } : {}),
  }
}

export function childFailed(taskId: number, reason: string, options: FailureOptions): HistoryEvent {
  return {
    EventType: EventType.SubOrchestrationInstanceFailed,
    EventId: -1,
    Timestamp: '',
    TaskScheduledId: taskId,
    Reason: reason,
    Details: '',
    ...(options.failureDetails ? { FailureDetails: detailsOf(reason, '') } : {}),
  }
}

const detailsOf = (message: string, stack: string): FailureDetails => ({
  ErrorType: 'Error',
  ErrorMessage: message,
  StackTrace: stack,
  IsNonRetriable: false,
})

function asError(error: unknown): { message: string; stack: string } {
  if (error instanceof Error) return { message: error.message, stack: error.stack ?? '' }
  return { message: String(error), stack: '' }
}
