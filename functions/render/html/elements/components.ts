/** The building blocks of the page: sections, tables, verdict marks, figures. */
import type { EventFigureName } from '../../../event-figures/figures.ts'
import { worstNote, worstText } from '../../../event-figures/table.ts'
import type { Report } from '../../../model/report.ts'
import { NOT_MEASURED } from '../../../units/units.ts'
import { html, type Insert, type Markup, raw, unbroken } from '../../text/markup.ts'
import { anchor, copied } from './anchors.ts'

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

/** A row that a link leads to; its name is what a screen reader says for its header. */
interface LinkedRow {
  readonly id: string
  readonly name: string
  readonly cells: readonly Insert[]
}
type Row = readonly Insert[] | LinkedRow
type Rows = readonly Row[]

const isLinked = (row: Row): row is LinkedRow => 'cells' in row

export interface TableForm {
  /** Of the words above the table, with a link to it; a table that is its whole section has the section's. */
  readonly id?: string
  /** On a phone each row is a card: for tables with sentences in them. Tables of figures scroll sideways instead. */
  readonly cards?: boolean
  /** Names the widths of its columns in the style sheet, where a long word would spoil them. */
  readonly className?: string
}

/**
 * The first cell of a row is its header. Wide tables scroll inside their own, focusable group, which is no landmark: the section around it is one. The words above are outside of
 * it, so that they stay in place, and the caption repeats them for screen readers.
 */
export const table = (caption: string, columns: readonly Column[], rows: Rows, form: TableForm = {}): Markup =>
  html`${captionAbove(caption, form.id)}${onlyTable(caption, columns, rows, form)}`

export const captionAbove = (caption: string, id?: string): Markup =>
  html`<div class="titled caption"${id && html` id="${id}"`}><span aria-hidden="true">${caption}</span>${id && anchor(id, caption)}</div>`

/** For a table that is its whole section: the heading is enough, so the caption is for screen readers only. */
export function onlyTable(
  caption: string,
  columns: readonly Column[],
  rows: Rows,
  { cards = false, className }: TableForm = {},
): Markup {
  const roles = cards ? CARD_ROLES : NO_ROLES
  return html`<div class="scroll" role="group" aria-label="${caption}" tabindex="0"><table${roles.table}${classesOf(cards ? 'cards' : '', className ?? '')}>
<caption class="unseen">${caption}</caption>
<thead${roles.group}><tr${roles.row}>${columns.map((column) => html`<th scope="col"${roles.columnHeader}${numeric(column)}>${column.label}</th>`)}</tr></thead>
<tbody${roles.group}>
${rows.map((cells) => tableRow(columns, cells, roles))}</tbody></table></div>\n`
}

const classesOf = (...names: readonly string[]): Insert => {
  const given = names.filter((name) => name !== '')
  return given.length > 0 && html` class="${given.join(' ')}"`
}

function tableRow(columns: readonly Column[], row: Row, roles: Roles): Markup {
  const [header, ...cells] = isLinked(row) ? row.cells : row
  return html`<tr${roles.row}${isLinked(row) && html` id="${row.id}"`}>${rowHeader(header, row, numeric(columns[0]), roles.rowHeader)}${cells.map(
    (value, index) => {
      const column = columns[index + 1]
      return html`<td${roles.cell(column)}${numeric(column)}>${value}</td>`
    },
  )}</tr>\n`
}

/** The link is no part of the header's name, which a screen reader repeats in each cell. */
export const rowHeader = (header: Insert, row: Row, className: Insert = null, role: Insert = null): Markup =>
  isLinked(row)
    ? html`<th scope="row"${role}${className} aria-label="${row.name}">${header} ${anchor(row.id, row.name)}</th>`
    : html`<th scope="row"${role}${className}>${header}</th>`

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

interface DetailsForm {
  /** Of what is folded: a browser opens it when a link leads there. The link stands outside, where it is seen while it is folded. */
  readonly id?: string
  /** In place of the summary, where that says more than a name. */
  readonly name?: string
}

export const details = (summary: string, body: Insert, { id, name = summary }: DetailsForm = {}): Markup =>
  id === undefined
    ? html`<details><summary>${summary}</summary>${body}</details>\n`
    : html`<div class="fold">${anchor(id, name)}<details><summary>${summary}</summary><div id="${id}">${body}</div></details></div>\n`

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

/** A fact with an id has a link. */
export type Fact = readonly [term: string, value: Insert, id?: string]

export const facts = (pairs: readonly Fact[]): Markup =>
  html`<dl class="facts">${pairs.map(([term, value, id]) => html`<div${id && html` id="${id}"`}><dt>${term}${id && html` ${anchor(id, term)}`}</dt><dd>${value}</dd></div>\n`)}</dl>\n`

export const whyNotPass = (lines: readonly string[], more: Insert = null): Markup =>
  html`<div class="reasons" id="reasons"><div class="titled"><h2>Why not PASS</h2>${anchor('reasons', 'Why not PASS')}</div>${list(lines.map(unbroken))}${more}</div>`

/** Of the first screen: a large figure, and below it what makes it readable. */
export const headlineFigure = (id: string, term: string, value: string, below: Insert, bar: Insert = null): Markup =>
  html`<div class="figure" id="${id}"><dt>${term} ${anchor(id, term)}</dt><dd><span class="value${value === NOT_MEASURED ? ' unmeasured' : ''}">${copied(value, `${term}${term.endsWith('?') ? '' : ':'} ${value}`)}</span>${bar}<span class="below">${typeof below === 'string' ? unbroken(below) : below}</span></dd></div>\n`

/** The worst of all events, and of which one it is when there are several. */
export function worstFigure(name: EventFigureName, report: Report): Markup {
  const which = worstNote(name, report)
  return html`${worstText(name, report)}${which && html` <small>${which}</small>`}`
}
