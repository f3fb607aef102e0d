/** Text from outside in a CSV file: no spreadsheet may run it, and a reader gets it back. */
import { expect, test } from 'vitest'
import { toCsv } from '../../../functions/render/csv.ts'

const cellOf = (text: string): string =>
  toCsv<string>([['text', (row) => row]], [text])
    .slice('text\n'.length, -1)
    .replace(/^"(.*)"$/s, '$1')

test.each([
  ['=1+1'],
  ['+1'],
  ['-1+1'],
  ['@SUM(A1)'],
  ['\t=1+1'],
  ['\r=1+1'],
  ['\n=1+1'],
  [' =1+1'],
  ['\u00a0=1+1'],
  ['\ufeff=1+1'],
  ['＝1+1'],
  ['＋1'],
  ['－1'],
  ['＠SUM(A1)'],
])('%j is text, not a formula', (text) => {
  expect(cellOf(text)).toBe(`'${text}`)
})

test.each([['server closed the connection'], ['08P01'], ['a=b'], ['1-2'], ['größer, 接続']])('%j stays', (text) => {
  expect(cellOf(text)).toBe(text)
})

test('a number stays a number', () => {
  expect(toCsv<number>([['value', (row) => row]], [-1])).toBe('value\n-1\n')
})

test.each([0, 1, 999, 1000, 1001, 2500])(
  'a file of %i rows has its names once, and each row once in its order',
  (count) => {
    const rows = Array.from({ length: count }, (_, i) => i)
    expect(toCsv<number>([['value', (row) => row]], rows)).toBe(`${['value', ...rows].join('\n')}\n`)
  },
)
