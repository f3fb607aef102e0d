/**
 * What an engine must not forget. An instance is rebuilt from three kinds of records: how it began, each message that
 * arrived, each turn that was taken. Tasks in flight need no record of their own: they are the ones that history
 * started and nothing has answered, so after a crash they are simply run again.
 */
import { type Instance, newInstance, type Start, type TurnRecord, withMessage, withTurn } from './instance.ts'
import type { HistoryEvent } from './wire.ts'

export type JournalRecord =
  | { readonly kind: 'started'; readonly start: Start; readonly at: string }
  /** Stands for everything before it. */
  | { readonly kind: 'snapshot'; readonly instance: Instance }
  | { readonly kind: 'message'; readonly message: HistoryEvent }
  | { readonly kind: 'turn'; readonly turn: TurnRecord }

export interface Journal {
  append(instanceId: string, record: JournalRecord): void
  /** Replaces all that was written of this instance. */
  rewrite(instanceId: string, record: JournalRecord): void
  remove(instanceId: string): void
  load(): Iterable<Instance>
}

export function rebuild(records: Iterable<JournalRecord>): Instance | undefined {
  let instance: Instance | undefined
  for (const record of records) instance = step(instance, record)
  return instance
}

function step(instance: Instance | undefined, record: JournalRecord): Instance | undefined {
  switch (record.kind) {
    case 'started':
      return newInstance(record.start, record.at)
    case 'snapshot':
      return record.instance
    case 'message':
      return instance && withMessage(instance, record.message)
    case 'turn':
      return instance && withTurn(instance, record.turn)
  }
}

/** Keeps the records as text, so that what it gives back has been through JSON like everything on disk. */
export class MemoryJournal implements Journal {
  readonly #records = new Map<string, string[]>()

  append(instanceId: string, record: JournalRecord): void {
    const records = this.#records.get(instanceId) ?? []
    records.push(JSON.stringify(record))
    this.#records.set(instanceId, records)
  }

  rewrite(instanceId: string, record: JournalRecord): void {
    this.#records.set(instanceId, [JSON.stringify(record)])
  }

  remove(instanceId: string): void {
    this.#records.delete(instanceId)
  }

  *load(): Iterable<Instance> {
    for (const records of this.#records.values()) {
      const instance = rebuild(records.map((text) => JSON.parse(text) as JournalRecord))
      if (instance !== undefined) yield instance
    }
  }
}

/** For callers that never come back. */
export const noJournal: Journal = {
  append: () => undefined,
  rewrite: () => undefined,
  remove: () => undefined,
  load: () => [],
}
