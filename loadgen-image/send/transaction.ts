/**
 * The transaction as ready-made bytes. Per arrival only a few digits change, so they are written into one buffer per
 * connection instead of building a statement, its parameters and six messages again.
 *
 * It is sent with the simple query protocol. Through PgBouncer in transaction mode a named statement cannot be used, and an
 * unnamed one costs the server the same parse and plan plus four more messages. Its reply also proves more: PostgreSQL answers a
 * simple query with CommandComplete only after the commit; with the extended protocol it does so before.
 * All values are numbers that the generator makes itself, except the drill's id, which is quoted once, here.
 */
import { KEY_CONFLICT_TARGET } from '../contract/glossary.ts'
import type { LoadPlan } from '../contract/load-plan.ts'
import type { Random } from '../schedule/random.ts'

const CUSTOMERS = 5
const MERCHANTS = 5
const MIN_CENTS = 10
const MAX_CENTS = 9999

/** Placeholders of digits: bytes that no SQL text holds. Leading zeros are valid in a numeric literal. */
const CUSTOMER = '\x01'
const MERCHANT = '\x02'
const AMOUNT = '\x03\x03.\x03\x03'
/** Up to 2,147,483,647: the `seq` column is an integer. */
const SEQ_DIGITS = 10
const SEQ = '\x04'.repeat(SEQ_DIGITS)

const ZERO = 48
/** After the message's type and length. The length is binary, and may hold any of the placeholders. */
const TEXT_AT = 5
const CENTS_OFFSET = 3

interface TransactionKey {
  readonly drillId: string
  readonly worker: number
}

export class TransactionBytes {
  readonly #bytes: Buffer
  readonly #customerAt: number
  readonly #merchantAt: number
  readonly #amountAt: number
  readonly #seqAt: number

  constructor(text: string) {
    this.#bytes = queryMessage(text)
    this.#customerAt = this.#bytes.indexOf(CUSTOMER, TEXT_AT)
    this.#merchantAt = this.#bytes.indexOf(MERCHANT, TEXT_AT)
    this.#amountAt = this.#bytes.indexOf(AMOUNT, TEXT_AT)
    this.#seqAt = this.#bytes.indexOf(SEQ, TEXT_AT)
  }

  /** The bytes are valid until the next call: a worker has one transaction in flight. */
  fill(seq: number, random: Random): Buffer {
    const bytes = this.#bytes
    bytes[this.#customerAt] = ZERO + 1 + Math.floor(random() * CUSTOMERS)
    bytes[this.#merchantAt] = ZERO + 1 + Math.floor(random() * MERCHANTS)
    const cents = MIN_CENTS + Math.floor(random() * (MAX_CENTS - MIN_CENTS + 1))
    writeDigits(bytes, this.#amountAt, 2, Math.floor(cents / 100))
    writeDigits(bytes, this.#amountAt + CENTS_OFFSET, 2, cents % 100)
    if (this.#seqAt >= 0) writeDigits(bytes, this.#seqAt, SEQ_DIGITS, seq)
    return bytes
  }
}

export function insertText(kind: LoadPlan['transactions'], { drillId, worker }: TransactionKey): string {
  if (kind === 'compat')
    return (
      'INSERT INTO transactions (customer_id, merchant_id, amount, status)' +
      ` VALUES (${CUSTOMER}, ${MERCHANT}, ${AMOUNT}, 'completed') RETURNING transaction_id`
    )
  return `${keyedInsert(drillId, worker)} RETURNING timeline`
}

/**
 * The same key again, harmless when the first attempt did commit. Then no row comes back, and the timeline stays unreported.
 */
export const retryText = ({ drillId, worker }: TransactionKey): string =>
  `${keyedInsert(drillId, worker)}` + ` ON CONFLICT ${KEY_CONFLICT_TARGET} DO NOTHING RETURNING timeline`

const keyedInsert = (drillId: string, worker: number): string =>
  'INSERT INTO transactions (customer_id, merchant_id, amount, status, drill_id, worker, seq)' +
  ` VALUES (${CUSTOMER}, ${MERCHANT}, ${AMOUNT}, 'completed', '${drillId.replaceAll("'", "''")}', ${worker}, ${SEQ})`

/** What a pool asks a connection before it hands it out: the cheapest question with an answer. */
export const EMPTY_QUERY = queryMessage('')

/** Query: type, length, text, zero byte. */
function queryMessage(text: string): Buffer {
  const body = Buffer.from(`${text}\0`)
  const message = Buffer.alloc(TEXT_AT + body.length)
  message.write('Q')
  message.writeUInt32BE(4 + body.length, 1)
  body.copy(message, TEXT_AT)
  return message
}

function writeDigits(bytes: Buffer, at: number, digits: number, value: number): void {
  let rest = value
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10)
    bytes[i] = ZERO + rest - 10 * tenth
    rest = tenth
  }
}
