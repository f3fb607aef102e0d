/** Lines for people: on the console, and wherever else they shall go. */
export type Log = (line: string) => void

export function createLog(...sinks: readonly ((line: string) => void)[]): Log {
  return (line) => {
    for (const sink of sinks) sink(line)
  }
}

export const toConsole: Log = (line) => process.stdout.write(`${line}\n`)

export const stamped = (line: string): string => `${new Date().toISOString()} ${line}`
