/**
 * Text for people: standard output while it is read, standard error after that. A reader that leaves (`| head`), a terminal
 * that closes, or a full disk behind `>` comes back as an error event, and an event without a listener ends the process.
 */

export interface Screen {
  /** A line of the running table: dropped once standard output is gone. */
  line(text: string): void
  /** What must be seen, such as the summary: on standard error when standard output is gone. */
  show(text: string): void
  /** Called once, with the reason, when standard output is gone. */
  onGone(listener: (why: string) => void): void
}

type Stream = Pick<NodeJS.WriteStream, 'write' | 'on'>

export function createScreen(out: Stream, errors: Stream): Screen {
  let gone: string | null = null
  let listener: (why: string) => void = () => {}
  out.on('error', (error: NodeJS.ErrnoException) => {
    if (gone !== null) return
    gone = `the output is closed (${error.code ?? error.message})`
    listener(gone)
  })
  // Nothing is left to write to: files and the exit code remain.
  errors.on('error', () => {})
  return {
    line: (text) => {
      if (gone === null) out.write(`${text}\n`)
    },
    show: (text) => {
      if (gone !== null) errors.write(`${text}\n`)
      else
        out.write(`${text}\n`, (error) => {
          if (error) errors.write(`${text}\n`)
        })
    },
    onGone: (heard) => {
      listener = heard
      if (gone !== null) heard(gone)
    },
  }
}

/** The process's own. There is one, because the listeners belong to the process's streams. */
export const screen = createScreen(process.stdout, process.stderr)
