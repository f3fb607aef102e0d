/** How the host words a failed activity for the orchestrator that called it. */
import { EventType, type FailureDetails, type HistoryEvent } from './wire.ts'

export interface FailureOptions {
  /**
   * Newer extensions send structured details as well, and the library then throws a TaskFailedError instead of an
   * Error. An orchestrator must work with both, so tests run it with both.
   */
  readonly failureDetails: boolean
}

/** The extension 3.19 takes the message out of the host's words, and leaves the blank in front of it. */
export function activityFailed(taskId: number, name: string, error: unknown, options: FailureOptions): HistoryEvent {
  const { message, stack } = asError(error)
  return {
    EventType: EventType.TaskFailed,
    EventId: -1,
    Timestamp: '',
    TaskScheduledId: taskId,
    Reason: `Activity function '${name}' failed:  ${message}`,
    Details: JSON.stringify({
      $type: 'System.Exception, System.Private.CoreLib',
      ClassName: 'System.Exception',
      Message: ` ${message}`,
      InnerException: {
        $type: 'System.Exception, System.Private.CoreLib',
        ClassName: 'System.Exception',
        Message: `Result: Failure\nException: ${message}\nStack: ${stack}`,
      },
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
