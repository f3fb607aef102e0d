/** `npm run local`: another user acts on the servers of a stack that runs, without its knowledge. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ACCESS_FILE } from '../../infra/local/azure/arm/arm.ts'
import { thisOwner } from '../../infra/local/process/stack-folder.ts'
import { createServerCertificate } from '../../infra/local/stack/certificates.ts'
import { startCommand } from '../support/command.ts'
import { aFolder } from '../support/folder.ts'
import { timeouts } from '../support/timeouts.ts'

const act = async (args: readonly string[], environment: NodeJS.ProcessEnv = {}) => {
  const { code, output } = await startCommand('infra/local/act.ts', args, environment).ended
  return { code, output }
}

test.each([
  [['reboot'], 'expected one action: failover, restart, scale, promote, kill, split-brain'],
  [[], 'expected one action: failover, restart, scale, promote, kill, split-brain'],
  [['restart', 'kill'], 'expected one action: failover, restart, scale, promote, kill, split-brain'],
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

describe('where the platform gives another answer', () => {
  type Answer = readonly [status: number, body?: unknown, operation?: string]
  const PRIMARY: Answer = [200, { id: '/pg', properties: {} }]
  const BUSY: Answer = [503, { error: { code: 'ServiceUnavailable', message: 'Try again.' } }]

  /** A stack of this process whose platform gives these answers, one after the other; null: it resets the connection. */
  async function stackThatAnswers(answers: ReadonlyArray<Answer | null>): Promise<NodeJS.ProcessEnv> {
    const { certificatePem, privateKeyPem, caPem } = await createServerCertificate()
    const left = [...answers]
    const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
      const [status, body, operation] = left.shift() ?? []
      if (status === undefined) return void request.socket.destroy()
      response.writeHead(status, operation === undefined ? {} : { 'azure-asyncoperation': operation })
      response.end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const base = aFolder()
    const folder = join(base, 'pg-failover-drill-0123456789')
    mkdirSync(folder)
    writeFileSync(join(folder, 'owner.json'), JSON.stringify(thisOwner()))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    writeFileSync(join(folder, ACCESS_FILE), JSON.stringify({ url, token: 't', ca: caPem, serverId: '/pg' }))
    return { DRILL_STATE_DIR: base }
  }

  const accepted: Answer = [202, undefined, '/operation']
  const failed: Answer = [200, { status: 'Failed', error: { code: 'InternalServerError', message: 'No standby.' } }]

  test.each<[string, ReadonlyArray<Answer | null>, number, string]>([
    ['a refused question about the servers asks for nothing', [BUSY], 2, 'Nothing was asked: the platform answered'],
    ['a lost question', [null], 2, 'The Azure endpoint of the stack gave no answer:'],
    ['a lost answer', [PRIMARY, null], 2, 'gave no answer; it may act on the request all the same'],
    [
      'a gateway without an answer',
      [PRIMARY, BUSY],
      1,
      'with 503 ServiceUnavailable: Try again. It may act all the same',
    ],
    ['a failed operation', [PRIMARY, accepted, failed], 1, 'InternalServerError: No standby.'],
    ['a refused look at the operation', [PRIMARY, accepted, BUSY, [200, { status: 'Succeeded' }]], 0, 'restart done'],
  ])('%s', async (_, answers, code, words) => {
    const result = await act(['restart'], await stackThatAnswers(answers))
    expect(result).toEqual({ code, output: expect.stringContaining(words) })
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
    // On a busy machine the platform was seen at work right after the start.
    expect(await onceQuiet(() => on('restart'))).toEqual(done('restart'))
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
    expect(await onceQuiet(() => on('promote', '--mode', 'forced'))).toEqual({
      code: 0,
      output: expect.stringContaining('promote done'),
    })
    expect(await on('failover')).toEqual({
      code: 1,
      output: expect.stringContaining('The platform refused the failover with 400 HANotEnabled'),
    })
    expect(await on('kill')).toEqual({ code: 0, output: expect.stringContaining('kill done') })
    await stack.printed(/the primary died: starting it again/, timeouts.failoverMs)
  },
  timeouts.stackStartsMs + 4 * timeouts.failoverMs,
)

interface Result {
  readonly code: number | null
  readonly output: string
}

/** The action is refused until the one before has ended. */
async function onceQuiet(begin: () => Promise<Result>): Promise<Result> {
  const endsAtMs = performance.now() + timeouts.failoverMs
  for (;;) {
    const result = await begin()
    const isRefused = result.code !== 0 && /ServerIsBusy|ServerIsNotReady/.test(result.output)
    if (!isRefused || performance.now() > endsAtMs) return result
  }
}
