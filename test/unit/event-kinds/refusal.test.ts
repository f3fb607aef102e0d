/** The words of a refused request: those of the platform, and what grants a right that is missing. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { withAdvice } from '../../../functions/event-kinds/refusal.ts'

const PARAMETERS = ['allowScalingAndSwitchover', 'replicaServerId']
const WORDS = "The client does not have authorization to perform action 'flexibleServers/write'."
const refusal = (status: number, code: string) =>
  ({ kind: 'refused', status, code, message: WORDS, sentAt: null }) as const

describe('the words of a refused request', () => {
  test.each([
    [403, 'AuthorizationFailed', 'scale', ['allowScalingAndSwitchover']],
    [403, 'AuthorizationFailed', 'promote', ['allowScalingAndSwitchover', 'replicaServerId']],
    [403, 'LinkedAuthorizationFailed', 'promote', ['allowScalingAndSwitchover', 'replicaServerId']],
    // Every deployment grants it: no parameter would help.
    [403, 'AuthorizationFailed', 'restart', []],
    // No lack of a right.
    [403, 'RequestDisallowedByPolicy', 'scale', []],
    [409, 'ServerIsBusy', 'scale', []],
    [400, 'AuthorizationFailed', 'promote', []],
    [0, 'ENOTFOUND', 'promote', []],
  ] as const)('after %s %s of %s name the parameters that help: %j', (status, code, call, named) => {
    const words = withAdvice(WORDS, refusal(status, code), { call })
    expect(words.startsWith(WORDS.replace(/\.$/, ''))).toBe(true)
    expect(PARAMETERS.filter((name) => words.includes(name))).toEqual(named)
    expect(words).not.toContain('.;')
  })

  test('name parameters that the template has', () => {
    const template = readFileSync(new URL('../../../infra/azure/main.bicep', import.meta.url), 'utf8')
    for (const name of PARAMETERS) expect(template).toMatch(new RegExp(`^param ${name} `, 'm'))
  })
})
