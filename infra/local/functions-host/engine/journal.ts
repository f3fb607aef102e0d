/**
 * What an engine must not forget. An instance is rebuilt from three kinds of records: how its generation began, each message that
 * arrived, each turn that was taken. Tasks in flight need no record of their own: history has started them and holds no answer, so after a crash
 * they run again.
 */
import { type Instance, type TurnRecord, withMessage, withTurn } from './instance.ts'
import type { HistoryEvent } from './wire.ts'

export type JournalRecord =
  /** Replaces all records before it. */
  | { readonly kind: 'snapshot'; readonly instance: Instance }
  | { readonly kind: 'message'; readonly message: HistoryEvent }
  | { readonly kind: 'turn'; readonly turn: TurnRecord }

export interface Journal {
  append(instanceId: string, record: JournalRecord): void
  /** Replaces all records of this instance. */
  rewrite(instanceId: string, record: JournalRecord): void
  forget(instanceId: string): void
  load(): Iterable<Instance>
}

export function rebuild(records: Iterable<JournalRecord>): Instance | undefined {
  let instance: Instance | undefined
  for (const record of records) instance = step(instance, record)
  return instance
}

function step(instance: Instance | undefined, record: JournalRecord): Instance | undefined {
  switch (record.kind) {
    case 'snapshot':
      return record.instance
    case 'message':
      return instance && withMessage(instance, record.message)
    case 'turn':
      return instance && withTurn(instance, record.turn)
  }
}
