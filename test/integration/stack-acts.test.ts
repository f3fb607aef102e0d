/** `npm run local`: another user acts on the servers of a stack that runs, without its knowledge. */
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { startCommand } from '../support/command.ts'
import { aFolder } from '../support/folder.ts'
import { timeouts } from '../support/timeouts.ts'

const act = async (args: readonly string[], environment: NodeJS.ProcessEnv = {}) => {
  const { code, output } = await startCommand('infra/local/act.ts', args, environment).ended
  return { code, output }
}

test.each([
  [['reboot'], 'expected one action: failover, restart, scale, promote, kill'],
  [[], 'expected one action: failover, restart, scale, promote, kill'],
  [['restart', 'kill'], 'expected one action: failover, restart, scale, promote, kill'],
  [['failover', '--mode', 'soft'], '--mode: expected one of forced, planned, forcedSwitchover, plannedSwitchover'],
  [['promote', '--mode', 'forcedSwitchover'], '--mode: expected one of forced, planned'],
  [['restart', '--mode', 'forced'], '--mode is not for restart'],
  [['scale'], 'scale needs --sku NAME'],
  [['kill', '--sku', 'x'], '--sku is not for kill'],
])('%j is refused with its reason, exit 2', async (args, reason) => {
  expect(await act(args)).toEqual({
    code: 2,
    output: `  ${reason}\nNothing was started. "npm run local -- --help" lists the options\n`,
  })
})

test('without a stack it says what to do, exit 2', async () => {
  const { code, output } = await act(['failover'], { DRILL_STATE_DIR: aFolder() })
  expect({ code, output }).toEqual({
    code: 2,
    output:
      'No local stack runs on this machine. Start one with npm start, or a drill with npm run drill, and run this beside it\n',
  })
})

test(
  'it fails over, restarts, scales, kills and promotes; a refusal of the platform is exit 1 with its code',
  async () => {
    const stack = startCommand('infra/local/start.ts', ['--port', '0', '--replica'])
    const [, folder = ''] = await stack.printed(/^Folder {5}(\S+)$/m, timeouts.stackStartsMs)
    const on = (...args: string[]) => act([...args, '--stack', basename(folder)])
    const done = (action: string) => ({
      code: 0,
      output: expect.stringMatching(new RegExp(`${action} accepted\\n.*${action} done, all servers as they will stay`)),
    })
    expect(await on('restart')).toEqual(done('restart'))
    expect(await on('failover', '--mode', 'plannedSwitchover')).toEqual(done('failover'))
    expect(await on('scale', '--sku', 'Standard_D4ds_v5')).toEqual({
      code: 1,
      output: expect.stringContaining('The platform refused the scale with 400 InvalidParameterValue'),
    })
    expect(await on('scale', '--sku', 'Local_16vCores', '--no-wait')).toEqual({
      code: 0,
      output: expect.stringMatching(/scale accepted\n$/),
    })
    expect(await on('restart')).toEqual({
      code: 1,
      output: expect.stringContaining('The platform refused the restart with 409 ServerIsBusy'),
    })
    await stackIsQuiet(() => on('promote', '--mode', 'forced'))
    expect(await on('failover')).toEqual({
      code: 1,
      output: expect.stringContaining('The platform refused the failover with 400 HANotEnabled'),
    })
    expect(await on('kill')).toEqual({ code: 0, output: expect.stringContaining('kill done') })
    await stack.printed(/the primary died: starting it again/, timeouts.failoverMs)
  },
  timeouts.stackStartsMs + 4 * timeouts.failoverMs,
)

/** The action is refused until the one before has ended. */
async function stackIsQuiet(begin: () => Promise<{ readonly code: number | null; readonly output: string }>) {
  const endsAtMs = performance.now() + timeouts.failoverMs
  for (;;) {
    const { code, output } = await begin()
    if (code === 0) return expect(output).toContain('promote done')
    expect(output).toMatch(/ServerIsBusy|ServerIsNotReady/)
    expect(performance.now()).toBeLessThan(endsAtMs)
  }
}
