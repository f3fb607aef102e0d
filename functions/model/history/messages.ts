/** What the webhook receives at the end of a drill and of a campaign. docs/webhook.md is the contract for receivers. */
import { type StoppedBy, verdictWord } from '../early-end/stopped-by.ts'
import type { Verdict } from '../report.ts'

interface Message {
  /** The same in every delivery of one message: a receiver that has it already drops the copy. */
  readonly id: string
  /** One line and the address of the page, for a chat tool; `&`, `<` and `>` are escaped as Slack asks for it. */
  readonly text: string
  readonly verdict: Verdict | null
  readonly summary: string
  readonly server: string
  readonly resourceGroup: string
  readonly links: MessageLinks
}

/** Relative where the platform does not say under which name the app is reached. */
interface MessageLinks {
  /** For people: the dashboard asks for the key or the login. */
  readonly page: string
  /** For programs, with a key or a token. */
  readonly report: string
}

export interface DrillMessage extends Message {
  readonly type: 'drill.ended'
  readonly drillId: string
  /** What ended the drill before its load; null: its load started, or it left no report. */
  readonly stoppedBy: StoppedBy | null
}

export interface CampaignMessage extends Message {
  readonly type: 'campaign.ended'
  readonly campaignId: string
}

type Given<Of extends Message> = Omit<Of, 'id' | 'text' | 'links'>

export const drillMessage = (given: Given<DrillMessage>, appUrl: string | null): DrillMessage => ({
  ...given,
  ...written({ ...given, kind: 'drills', id: given.drillId }, appUrl),
})

export const campaignMessage = (given: Given<CampaignMessage>, appUrl: string | null): CampaignMessage => ({
  ...given,
  ...written({ ...given, stoppedBy: null, kind: 'campaigns', id: given.campaignId }, appUrl),
})

interface Ended extends Pick<DrillMessage, 'verdict' | 'summary' | 'server' | 'stoppedBy'> {
  readonly kind: 'drills' | 'campaigns'
  readonly id: string
}

function written(ended: Ended, appUrl: string | null): Pick<Message, 'id' | 'text' | 'links'> {
  const { kind, id } = ended
  const links = {
    page: `${appUrl ?? ''}/api/dashboard#/${kind}/${id}`,
    report: `${appUrl ?? ''}/api/${kind}/${id}${kind === 'drills' ? '/report' : ''}?format=html`,
  }
  const address = appUrl === null ? '' : `\n${links.page}`
  return { id: `${id}.ended`, text: escapeForChat(lineOf(ended)) + address, links }
}

/** The headline of a drill that did not start says so a second time. */
function lineOf({ server, summary, ...ended }: Ended): string {
  const word = verdictWord(ended) ?? 'NO REPORT'
  const what = word === 'NOT STARTED' && ended.stoppedBy !== null ? `${ended.stoppedBy.why}.` : summary
  return `${word} ${server}: ${what}`.replace(/\s+/g, ' ')
}

/** These three are markup in a message of Slack (docs.slack.dev/messaging/formatting-message-text): <!channel> would call everyone. */
const escapeForChat = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
