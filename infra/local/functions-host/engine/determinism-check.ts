/**
 * Compares the task numbers of the host with those of durable-functions after every replay. Both number tasks on their own: an
 * answer to number 3 goes to the task that each of them calls 3. When the counts differ, an orchestration in Azure hangs or gets
 * one task's answer for another (Azure/azure-functions-durable-js issues 574 and 577). Here the difference is an error of its turn.
 */
import type { InvocationContext } from '@azure/functions'
import { describeTask, type HostView } from './host-view.ts'
import { ActionType, EventType, type HistoryEvent } from './wire.ts'

type LibraryTask = Pick<HistoryEvent, 'EventType' | 'Name'>

interface DurableContext {
  readonly taskOrchestratorExecutor: {
    readonly openTasks: Readonly<
      Record<string, { readonly actionObj: { readonly actionType: number; readonly functionName?: string } }>
    >
  }
}

/** The library keeps its open tasks, by number, on the context that it put at `context.df`. */
export function requireSameNumbers({ open }: HostView, context: InvocationContext): void {
  const { openTasks } = (context as unknown as { readonly df: DurableContext }).df.taskOrchestratorExecutor
  for (const { task } of open.values()) {
    const action = openTasks[task.EventId]?.actionObj
    const theirs = action && libraryTask(action.actionType, action.functionName)
    if (theirs?.EventType === task.EventType && theirs.Name === task.Name) continue
    throw new Error(
      `the Functions host and durable-functions disagree on task ${task.EventId}: the host has started ${describeTask(task)}, ` +
        `the library waits for ${theirs ? describeTask(theirs) : 'nothing'}; in Azure this orchestration would hang or mix ` +
        'up its answers. The usual cause: a task was yielded again inside a second Task.any',
    )
  }
}

function libraryTask(actionType: number, Name: string | undefined): LibraryTask {
  if (Name === undefined) return { EventType: EventType.TimerCreated }
  const isActivity = actionType === ActionType.CallActivity
  return { EventType: isActivity ? EventType.TaskScheduled : EventType.SubOrchestrationInstanceCreated, Name }
}
