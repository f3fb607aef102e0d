/**
 * Text for the operator: on standard output, and on standard error once standard output is gone. A reader that leaves (`| head`),
 * a terminal that closes, or a full disk behind `>` arrives as an error event, and an error event without a listener ends the process.
 */

interface Screen {
  /** A line of the running table: dropped once standard output is gone. */
  line(text: string): void
  /** What must be seen, such as the summary: on standard error when standard output is gone. */
  show(text: string): void
  /** Called once, with the reason, when standard output is gone. */
  onGone(listener: (reason: string) => void): void
}

type Stream = Pick<NodeJS.WriteStream, 'write' | 'on'>

function createScreen(out: Stream, errors: Stream): Screen {
  let gone: string | null = null
  let listener: (reason: string) => void = () => {}
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

/** The only one: its listeners belong to the streams of the process. */
export const screen = createScreen(process.stdout, process.stderr)
