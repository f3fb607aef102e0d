/**
 * Host and library number tasks on their own and never compare: an answer to number 3 goes to whatever each of them
 * calls 3. When their counts part, an orchestration in Azure hangs or, worse, gets one task's answer for another.
 * (Azure/azure-functions-durable-js issues 574 and 577.) Here the parting itself is an error, in the turn it happens.
 */
import type { InvocationContext } from '@azure/functions'
import type { HostView, TaskKind } from './host-view.ts'

export interface LibraryTask {
  readonly id: number
  readonly kind: TaskKind
  readonly name: string
  /** A cancelled timer stays open in the library until it fires; the host has stopped waiting for it. */
  readonly cancelled: boolean
}

export class DisagreementError extends Error {
  override readonly name = 'DisagreementError'
}

interface LibraryAction {
  readonly actionType: number
  readonly functionName?: string
  readonly isCanceled?: boolean
}

interface OpenLibraryTask {
  readonly actionObj: 'noOp' | LibraryAction
  readonly parent?: { readonly isWaitingOnTimer?: boolean; readonly actionObj?: LibraryAction }
}

interface DurableContext {
  readonly taskOrchestratorExecutor: { readonly openTasks: Readonly<Record<string, OpenLibraryTask>> }
}

/** What the library waits for after a replay: its open tasks hang on the context that it put at `context.df`. */
export function libraryTasks(context: InvocationContext): LibraryTask[] {
  const { df } = context as unknown as { readonly df: DurableContext }
  return Object.entries(df.taskOrchestratorExecutor.openTasks).map(([id, task]) => ({
    id: Number(id),
    ...identity(task),
  }))
}

/** A retry has no action of its own: it is a timer or a further attempt, as the task around it says. */
function identity({ actionObj, parent }: OpenLibraryTask): Omit<LibraryTask, 'id'> {
  if (actionObj === 'noOp')
    return parent?.isWaitingOnTimer === true || parent?.actionObj === undefined ? BACK_OFF : ofAction(parent.actionObj)
  // A step of a long timer is cancelled by cancelling the whole of it.
  return ofAction(actionObj, parent?.actionObj?.isCanceled)
}

const BACK_OFF = { kind: 'timer', name: '', cancelled: false } as const
const KINDS: readonly TaskKind[] = ['activity', 'activity', 'orchestration', 'orchestration']
const ofAction = (action: LibraryAction, cancelled = false): Omit<LibraryTask, 'id'> => ({
  kind: KINDS[action.actionType] ?? 'timer',
  name: action.functionName ?? '',
  cancelled: cancelled || action.isCanceled === true,
})

export function agree(view: HostView, tasks: readonly LibraryTask[]): void {
  const known = new Map(tasks.map((task) => [task.id, task]))
  for (const { task } of view.open.values()) {
    const theirs = known.get(task.id)
    if (theirs === undefined || theirs.kind !== task.kind || theirs.name !== task.name)
      throw disagreement(task, theirs, 'a task was yielded again inside a new Task.any or Task.all')
  }
  // While the host still waits for a Task.all to end, the library may be ahead of it, and no more than that.
  if (!view.finished) return
  const missing = tasks.find((task) => !view.open.has(task.id) && !task.cancelled)
  if (missing !== undefined) throw disagreement(undefined, missing, 'a retry ran into its retryTimeoutInMilliseconds')
}

type Named = Pick<LibraryTask, 'id' | 'kind' | 'name'>

const say = (task: Named | undefined): string =>
  task === undefined ? 'nothing' : `${task.kind}${task.name === '' ? '' : ` '${task.name}'`}`

function disagreement(host: Named | undefined, library: LibraryTask | undefined, hint: string): DisagreementError {
  const id = host?.id ?? library?.id
  return new DisagreementError(
    `the Functions host and durable-functions disagree on task ${id}: the host has started ${say(host)}, ` +
      `the library waits for ${say(library)}; in Azure this orchestration would hang or mix up its answers. ` +
      `Usual causes: ${hint}, or a Task.all that failed while another of its tasks was still being retried`,
  )
}
