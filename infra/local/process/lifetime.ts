/**
 * Runs a command of the local stack to its end: its own, Ctrl-C or kill (the first in order, the second at once), a crash, or the end
 * of the npm that started it. In every case the processes that it started are stopped.
 */
import { screen } from '../../../loadgen-image/output/screen.ts'
import { printable } from './problem.ts'
import { statOf } from './process-table.ts'

export interface Lifetime {
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal
  /** Synchronous: called from process 'exit'. */
  onDeath(killNow: () => void): void
}

const EXIT_CRASHED = 2
const PARENT_CHECK_INTERVAL_MS = 1_000

/** Runs a command and exits with its code. */
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
  // A closed output (`| head`) ends the command in order.
  screen.onGone(() => controller.abort('the output was closed'))
  endWithNpm(() => controller.abort('npm ended'))
  const code = await command({ signal: controller.signal, onDeath: (kill) => killers.push(kill) })
  process.exit(code)
}

/** An npm that gets SIGKILL passes no signal on; this process and its shell then get init as their parent. */
function endWithNpm(end: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const before = ancestors()
  const timer = setInterval(() => {
    if (ancestors() === before) return
    clearInterval(timer)
    end()
  }, PARENT_CHECK_INTERVAL_MS)
  timer.unref()
}

/** The shell in which npm runs a script, and npm. */
const ancestors = (): string => `${process.ppid} ${statOf(process.ppid)?.parent}`
