/** The message of a failed activity, out of every form that the Durable extension gives it. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messageOf } from '../../../functions/orchestrators/error-text.ts'
import { activityFailed } from '../../../infra/local/functions-host/engine/messages.ts'

const DETAILS = '{"ClassName":"System.Exception","Message":"x"}'

test.each([
  ['the form of extension 3.19', `Activity function 'cleanUp' failed: listing failed \n ${DETAILS}`, 'listing failed'],
  [
    'a message of several lines',
    `Activity function 'audit' failed: first\nsecond\n  third \n ${DETAILS}`,
    'first second third',
  ],
  ['a message with a brace', `Activity function 'startLoad' failed: got\n{not json \n ${DETAILS}`, 'got {not json'],
  [
    'a child',
    `Sub-orchestrator function 'watch' failed: Activity function 'pollLoad' failed: away \n ${DETAILS}`,
    'away',
  ],
  [
    "a worker's own words",
    `Activity function 'x' failed: Result: Failure\nException: one\ntwo\nStack: at x \n ${DETAILS}`,
    'one two',
  ],
  ['no details', "Activity function 'x' failed: boom", 'boom'],
  ['a plain error', 'no answer within 60 s', 'no answer within 60 s'],
  ['a message that looks like an envelope', 'Exception: of the message itself', 'Exception: of the message itself'],
  ['a message after two spaces', `Activity function 'check' failed:  no quota \n ${DETAILS}`, 'no quota'],
  [
    "the extension's own exception of a child",
    "Orchestrator function 'watch' failed: no quota \n Message: no quota, StackTrace:    at System.Threading",
    'no quota',
  ],
  ['empty details of a child', "Orchestrator function 'watch' failed: no quota \n ", 'no quota'],
  ['details without a message', `Activity function 'check' failed:   \n ${DETAILS}`, 'without a message'],
  ['nothing', '', 'without a message'],
])('of %s only the original message stays', (_, text, expected) => expect(messageOf(new Error(text))).toBe(expected))

test('a thrown text is its own message', () => expect(messageOf('only a text')).toBe('only a text'))

test('what an activity throws on the local engine is what the orchestration reads, for any thrown value', () => {
  const word = fc.stringMatching(/^[\w {}"':.]{1,30}$/)
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (lines) => {
      const { Reason, Details } = activityFailed(1, 'work', new Error(lines.join('\n')))
      const expected = lines
        .join('\n')
        .replace(/\s*\n\s*/g, ' ')
        .trim()
        .slice(0, 500)
      fc.pre(expected !== '')
      expect(messageOf(new Error(`${Reason} \n ${Details}`))).toBe(expected)
    }),
  )
})
