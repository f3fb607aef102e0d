/** Of a drill that watches: what the platform recorded by itself. */
import type { Report } from '../../../model/report.ts'
import { dateTime } from '../../../units/units.ts'
import { html, type Markup } from '../../text/markup.ts'
import { absent, details, list, note, onlyTable, text } from '../elements/components.ts'

export const platform = ({ records, notRead }: NonNullable<Report['platformLog']>): Markup =>
  html`${note('Context for what others did. It proves nothing, and entries can arrive minutes late.')}
${
  records.length === 0
    ? absent('No record was found.')
    : details(
        'Records of the platform',
        onlyTable(
          'Records of the platform',
          [text('UTC'), text('Source'), text('What')],
          records.map(({ at, source, what }) => [dateTime(at), source, what]),
          { cards: true },
        ),
        { id: 'platform-records' },
      )
}
${notRead.length > 0 && list(notRead.map((what) => `not read: ${what}`))}`
