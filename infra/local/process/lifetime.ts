/**
 * How a command of the local stack ends: in its own time, by Ctrl-C or kill (once: in order; twice: at once), by a crash, or
 * with the npm that started it. Whatever the way, the processes that it started are told to go.
 */
import { screen } from '../../../loadgen-image/output/screen.ts'
import { printable } from './problem.ts'
import { statOf } from './process-table.ts'

export interface Lifetime {
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal
  /** For the moment of death, when nothing can be awaited. */
  onDeath(killNow: () => void): void
}

const EXIT_CRASHED = 2
const PARENT_WATCHED_EVERY_MS = 1_000

/** Runs a command to its end and leaves with its exit code. */
export async function runCommand(command: (lifetime: Lifetime) => Promise<number>): Promise<void> {
  const controller = new AbortController()
  const killers: Array<() => void> = []
  const dieNow = (code: number) => {
    for (const kill of killers) kill()
    process.exit(code)
  }
  const crash = (error: unknown) => {
    console.error(printable(error))
    dieNow(EXIT_CRASHED)
  }
  const askToEnd = (why: string) => (controller.signal.aborted ? dieNow(130) : controller.abort(why))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => askToEnd(name))
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
  process.on('exit', () => {
    for (const kill of killers) kill()
  })
  // A reader that has left (`| head`) is a reason to end, not to crash.
  screen.onGone(() => controller.abort('the output was closed'))
  endWithNpm(() => controller.abort('npm ended'))
  const code = await command({ signal: controller.signal, onDeath: (kill) => killers.push(kill) })
  process.exit(code)
}

/** npm that is killed with SIGKILL passes nothing on: its shell, and so this process, get init as their parent. */
function endWithNpm(end: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const before = ancestors()
  const timer = setInterval(() => {
    if (ancestors() === before) return
    clearInterval(timer)
    end()
  }, PARENT_WATCHED_EVERY_MS)
  timer.unref()
}

/** The shell that npm starts scripts with, and npm. */
const ancestors = (): string => `${process.ppid} ${statOf(process.ppid)?.parent}`
