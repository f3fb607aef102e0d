import { inspect } from 'node:util'
import { errorText, withoutSecrets } from '../../../loadgen-image/contract/redact.ts'

/** The command cannot run here and now: one message that names the cause and the next step. Exit code 2, nothing left. */
export class CannotRun extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CannotRun'
  }
}

/** The words of an error and of its causes, on one line, for a user who has no use for a stack trace. Without secrets. */
export const wordsOf = errorText

const FULL = ['ENOSPC', 'EDQUOT']

/** What a command prints about an error: one message where the cause is known, all of it where it is a defect of ours. */
export function printable(error: unknown): string {
  if (error instanceof CannotRun) return wordsOf(error)
  const isFull = causesOf(error).some((cause) => FULL.includes(String((cause as NodeJS.ErrnoException).code)))
  return isFull
    ? `${wordsOf(error)}. Free some space, or set DRILL_STATE_DIR to a folder on another disk`
    : withoutSecrets(inspect(error))
}

function causesOf(error: unknown): Error[] {
  const found: Error[] = []
  for (let at = error; at instanceof Error && found.length < 5; at = at.cause) found.push(at)
  return error instanceof AggregateError ? [...found, ...error.errors.flatMap(causesOf)] : found
}
