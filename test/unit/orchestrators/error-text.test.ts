/** What a failed activity said, out of every form that the Durable extension gives it. */
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
  ['a message with a brace', `Activity function 'go' failed: got\n{not json \n ${DETAILS}`, 'got {not json'],
  [
    'a child',
    `Sub-orchestrator function 'watch' failed: Activity function 'observe' failed: away \n ${DETAILS}`,
    'away',
  ],
  [
    "a worker's own words",
    `Activity function 'x' failed: Result: Failure\nException: one\ntwo\nStack: at x \n ${DETAILS}`,
    'one two',
  ],
  ['no details', "Activity function 'x' failed: boom", 'boom'],
  ['a plain error', 'no answer within 60 s', 'no answer within 60 s'],
  ['nothing', '', 'without a message'],
])('%s', (_, text, expected) => expect(messageOf(new Error(text))).toBe(expected))

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

/** As the Durable extension 3.19 words them. */
const EXCEPTION =
  '{"$type":"System.Exception, System.Private.CoreLib","ClassName":"System.Exception","Message":" no quota"}'

test.each([
  [new Error(`Activity function 'provision' failed:  no quota \n ${EXCEPTION}`), 'no quota'],
  [new Error(`Activity function 'provision' failed: no quota \n ${EXCEPTION}`), 'no quota'],
  [new Error(`Activity function 'check' failed:  two lines:\n  the second \n ${EXCEPTION}`), 'two lines: the second'],
  [
    new Error(
      "Orchestrator function 'watch' failed: no quota \n Message: no quota, StackTrace:    at System.Threading",
    ),
    'no quota',
  ],
  [new Error("Orchestrator function 'watch' failed: Activity function 'observe' failed:  no quota \n {}"), 'no quota'],
  [new Error("Orchestrator function 'watch' failed: no quota \n "), 'no quota'],
  [new Error('no answer within 120 s'), 'no answer within 120 s'],
  [new Error('Exception: a word of the message itself'), 'Exception: a word of the message itself'],
  [new Error(`Activity function 'check' failed:   \n ${EXCEPTION}`), 'without a message'],
  ['only a text', 'only a text'],
])('of what the extension showed, only the words of the activity or child stay: %j', (error, words) =>
  expect(messageOf(error)).toBe(words),
)
