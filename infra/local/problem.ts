/** The command cannot run here and now: one message that names the cause and the next step. Exit code 2, nothing left. */
export class CannotRun extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CannotRun'
  }
}

/** The words of an error and of its causes, on one line, for a user who has no use for a stack trace. */
export function wordsOf(error: unknown): string {
  const words: string[] = []
  for (let at: unknown = error; at !== undefined && at !== null && words.length < 5; ) {
    words.push(at instanceof Error ? at.message : String(at))
    at = at instanceof Error ? at.cause : undefined
  }
  return words.join(': ')
}
