/**
 * Links of a report to the files of its drill, and of a campaign to its drills. They are relative: they lead to the file beside the page, in the folder of a drill and in
 * its unpacked archive. What shows the page elsewhere changes them, or leaves them out.
 */
import { html, type Markup } from '../../text/markup.ts'

export const fileLink = (name: string): Markup => html`<a class="file" href="${name}" download>${name}</a>`

/** What a report repeats of others is escaped, so only its own links look like this. */
const LINK = /<a class="file" href="(?:files\/)?([\w.]+)" download>([\w.]+)<\/a>/g

/** Under the address of the report the files are one level down. */
export const withFilesBelow = (page: string): string =>
  page.replace(LINK, '<a class="file" href="files/$1" download>$2</a>')

/** Where no file is beside the page. */
export const withoutFileLinks = (page: string): string => page.replace(LINK, '$2')

/** The report of a drill, as seen from the campaign under the API. */
export const reportUnderApi = (drillId: string): string => `../drills/${encodeURIComponent(drillId)}/report?format=html`

const REPORT = /href="\.\.\/drills\/([\w.%-]+)\/report\?format=html"/g

/** A copy of a campaign's page that is kept elsewhere leads to the drills in the dashboard, which asks for the key or the login. */
export const withDrillsIn = (page: string, dashboard: string): string =>
  page.replace(REPORT, (_, drillId: string) => html`href="${`${dashboard}#/drills/${drillId}`}"`.text)
