/** The building blocks of the page: sections, tables, verdict marks, figures. */
import type { EventFigureName } from '../../../event-figures/figures.ts'
import { worstNote, worstText } from '../../../event-figures/table.ts'
import type { Report } from '../../../model/report.ts'
import { html, type Insert, type Markup, raw } from '../../text/markup.ts'

export interface Part {
  readonly id: string
  readonly title: string
  readonly body: Markup
}

export interface Column {
  readonly label: string
  /** Right-aligned, in figures of equal width. */
  readonly numeric?: boolean
}

export const number = (label: string): Column => ({ label, numeric: true })
export const text = (label: string): Column => ({ label })

type Rows = readonly (readonly Insert[])[]

export interface TableForm {
  /** On a phone each row is a card: for tables with sentences in them. Tables of figures scroll sideways instead. */
  readonly cards?: boolean
  /** Names the widths of its columns in the style sheet, where a long word would spoil them. */
  readonly className?: string
}

/**
 * The first cell of a row is its header. Wide tables scroll inside their own, focusable region. The words above are outside of
 * it, so that they stay in place, and the caption repeats them for screen readers.
 */
export const table = (caption: string, columns: readonly Column[], rows: Rows, form: TableForm = {}): Markup =>
  html`<p class="caption" aria-hidden="true">${caption}</p>${onlyTable(caption, columns, rows, form)}`

/** For a table that is its whole section: the heading is enough, so the caption is for screen readers only. */
export function onlyTable(
  caption: string,
  columns: readonly Column[],
  rows: Rows,
  { cards = false, className }: TableForm = {},
): Markup {
  const roles = cards ? CARD_ROLES : NO_ROLES
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table${roles.table}${classesOf(cards ? 'cards' : '', className ?? '')}>
<caption class="unseen">${caption}</caption>
<thead${roles.group}><tr${roles.row}>${columns.map((column) => html`<th scope="col"${roles.columnHeader}${numeric(column)}>${column.label}</th>`)}</tr></thead>
<tbody${roles.group}>
${rows.map((cells) => tableRow(columns, cells, roles))}</tbody></table></div>\n`
}

const classesOf = (...names: readonly string[]): Insert => {
  const given = names.filter((name) => name !== '')
  return given.length > 0 && html` class="${given.join(' ')}"`
}

const tableRow = (columns: readonly Column[], [header, ...cells]: readonly Insert[], roles: Roles): Markup =>
  html`<tr${roles.row}><th scope="row"${roles.rowHeader}${numeric(columns[0])}>${header}</th>${cells.map(
    (value, index) => {
      const column = columns[index + 1]
      return html`<td${roles.cell(column)}${numeric(column)}>${value}</td>`
    },
  )}</tr>\n`

const numeric = (column: Column | undefined): Insert => raw(column?.numeric ? ' class="n"' : '')

interface Roles {
  readonly table: Insert
  readonly group: Insert
  readonly row: Insert
  readonly columnHeader: Insert
  readonly rowHeader: Insert
  readonly cell: (column: Column | undefined) => Insert
}

const NO_ROLES: Roles = { table: null, group: null, row: null, columnHeader: null, rowHeader: null, cell: () => null }

/** Some screen readers do not see a table that is laid out as cards, unless its parts have roles. */
const CARD_ROLES: Roles = {
  table: raw(' role="table"'),
  group: raw(' role="rowgroup"'),
  row: raw(' role="row"'),
  columnHeader: raw(' role="columnheader"'),
  rowHeader: raw(' role="rowheader"'),
  cell: (column) => html` role="cell" data-label="${column?.label ?? ''}"`,
}

export const note = (value: Insert): Markup => html`<p class="note">${value}</p>\n`
export const absent = (value: Insert): Markup => html`<p class="absent">${value}</p>\n`
export const list = (lines: readonly Insert[]): Markup =>
  html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>\n`

export const details = (summary: string, body: Insert, isOpen = false): Markup =>
  html`<details${isOpen && raw(' open')}><summary>${summary}</summary>${body}</details>\n`

/** A shape for each verdict, so that a reader can distinguish verdicts without colour. */
const SHAPES: Readonly<Record<string, string>> = {
  pass: '<circle cx="8" cy="8" r="7.5"/><path d="m4.4 8.3 2.5 2.5 4.8-5.3" class="ink"/>',
  fail: '<path d="M4.9.5h6.2l4.4 4.4v6.2l-4.4 4.4H4.9L.5 11.1V4.9z"/><path d="m5.3 5.3 5.4 5.4m0-5.4-5.4 5.4" class="ink"/>',
  unknown:
    '<circle cx="8" cy="8" r="6.9" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M8 1.1a6.9 6.9 0 0 1 0 13.8z"/>',
  aborted: '<rect x=".5" y=".5" width="15" height="15" rx="2"/><path d="M5.3 5.3h5.4v5.4H5.3z" class="ink"/>',
}

const SHAPE_OF: Readonly<Record<string, string>> = {
  PASS: 'pass',
  FAIL: 'fail',
  INCONCLUSIVE: 'unknown',
  'NOT STARTED': 'unknown',
  ABORTED: 'aborted',
  ok: 'pass',
  failed: 'fail',
  skipped: 'aborted',
  note: 'note',
  usual: 'pass',
  better: 'pass',
  worse: 'fail',
}

/** Shape, colour and word; a screen reader reads the word. */
export function mark(verdict: string, word = verdict): Markup {
  const kind = SHAPE_OF[verdict] ?? verdict
  const shape = SHAPES[kind]
  const icon = shape ? raw(`<svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">${shape}</svg>`) : null
  return html`<span class="mark ${kind}">${icon}${word}</span>`
}

/** A code that must not be broken over lines. */
export const token = (code: string): Markup => html`<code class="token">${code}</code>`

/** Pairs whose values are sentences rather than figures. */
export const descriptions = (pairs: ReadonlyArray<readonly [term: string, value: Insert]>): Markup =>
  html`<dl class="descriptions">${pairs.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>\n`)}</dl>\n`

export const facts = (pairs: ReadonlyArray<readonly [term: string, value: Insert]>): Markup =>
  html`<dl class="facts">${pairs.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>\n`)}</dl>\n`

/** The worst of all events, and of which one it is when there are several. */
export function worstFigure(name: EventFigureName, report: Report): Markup {
  const which = worstNote(name, report)
  return html`${worstText(name, report)}${which && html` <small>${which}</small>`}`
}
