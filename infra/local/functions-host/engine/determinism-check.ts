/**
 * Compares the task numbers of the host with those of durable-functions after every replay. Both number tasks on their own: an
 * answer to number 3 goes to the task that each of them calls 3. When the counts differ, an orchestration in Azure hangs or gets
 * one task's answer for another (Azure/azure-functions-durable-js issues 574 and 577). Here the difference is an error of its turn.
 */
import type { InvocationContext } from '@azure/functions'
import type { HostView, ScheduledTask, TaskKind } from './host-view.ts'

type LibraryTask = Pick<ScheduledTask, 'kind' | 'name'>

interface DurableContext {
  readonly taskOrchestratorExecutor: {
    readonly openTasks: Readonly<
      Record<string, { readonly actionObj: { readonly actionType: number; readonly functionName?: string } }>
    >
  }
}

/** The open tasks of the library, by number: it keeps them on the context that it put at `context.df`. */
export function libraryTasks(context: InvocationContext): ReadonlyMap<number, LibraryTask> {
  const { df } = context as unknown as { readonly df: DurableContext }
  const open = Object.entries(df.taskOrchestratorExecutor.openTasks)
  return new Map(
    open.map(([id, { actionObj }]) => [
      Number(id),
      { kind: KINDS[actionObj.actionType] ?? 'timer', name: actionObj.functionName ?? '' },
    ]),
  )
}

const KINDS: Readonly<Record<number, TaskKind>> = { 0: 'activity', 2: 'orchestration' }

export function requireSameNumbers({ open }: HostView, library: ReadonlyMap<number, LibraryTask>): void {
  for (const { task } of open.values()) {
    const theirs = library.get(task.id)
    if (theirs?.kind === task.kind && theirs.name === task.name) continue
    throw new Error(
      `the Functions host and durable-functions disagree on task ${task.id}: the host has started ${describe(task)}, ` +
        `the library waits for ${describe(theirs)}; in Azure this orchestration would hang or mix up its answers. ` +
        'The usual cause: a task was yielded again inside a second Task.any',
    )
  }
}

const describe = (task: LibraryTask | undefined): string =>
  task === undefined ? 'nothing' : `${task.kind}${task.name === '' ? '' : ` '${task.name}'`}`
