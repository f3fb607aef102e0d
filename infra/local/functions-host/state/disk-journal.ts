/**
 * The engine's journal in a folder: one file per instance, one JSON record per line. A record exists once `write` has returned, even
 * if this process then dies; a line that a crash cut short does not count. (Nothing is synced to the disk: the journal survives a
 * killed host, not a power cut.)
 */
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Instance } from '../engine/instance.ts'
import { type Journal, type JournalRecord, rebuild } from '../engine/journal.ts'

const MAX_NAME_LENGTH = 150
const SUFFIX = '.jsonl'

export class DiskJournal implements Journal {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true })
  }

  append(instanceId: string, record: JournalRecord): void {
    appendFileSync(this.#fileOf(instanceId), `${JSON.stringify(record)}\n`)
  }

  rewrite(instanceId: string, record: JournalRecord): void {
    replaceFile(this.#fileOf(instanceId), `${JSON.stringify(record)}\n`)
  }

  forget(instanceId: string): void {
    rmSync(this.#fileOf(instanceId), { force: true })
  }

  *load(): Iterable<Instance> {
    for (const name of readdirSync(this.#folder).filter((file) => file.endsWith(SUFFIX))) {
      const instance = rebuild(readRecords(join(this.#folder, name)))
      if (instance !== undefined) yield instance
    }
  }

  #fileOf(instanceId: string): string {
    const readable = encodeURIComponent(instanceId).replaceAll('*', '%2A')
    const name = readable.length <= MAX_NAME_LENGTH ? readable : createHash('sha256').update(instanceId).digest('hex')
    return join(this.#folder, name + SUFFIX)
  }
}

function readRecords(file: string): JournalRecord[] {
  const text = readFileSync(file, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  // The text after the last line end was being written when the host died; the next record must start a new line.
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole))
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => parseRecord(line, file, index + 1))
}

function parseRecord(line: string, file: string, number: number): JournalRecord {
  try {
    return JSON.parse(line) as JournalRecord
  } catch (cause) {
    throw new Error(`line ${number} of ${file} is damaged; remove the file to forget that instance`, { cause })
  }
}

/** Readers see the whole old file or the whole new file. */
export function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}
