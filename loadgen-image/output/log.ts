/** Lines for people: on the console, and wherever else they shall go. */
import { errorText } from '../contract/redact.ts'
import { screen } from './screen.ts'

export type Log = (line: string) => void

export function createLog(...sinks: readonly ((line: string) => void)[]): Log {
  return (line) => {
    for (const sink of sinks) sink(line)
  }
}

export const toConsole: Log = (line) => screen.line(line)

export const stamped = (line: string): string => `${new Date().toISOString()} ${line}`

/** An error and its causes on one line, without secrets. */
export const wordsOf = errorText
