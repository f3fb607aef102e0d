/** `GET /api/daily`: what became of every firing of the daily timer. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import type { Clients } from '../clients/clients.ts'
import { json } from './answer.ts'
import { dailyRecords } from './daily-drill.ts'

const NEWEST = 100

export const dailyApi = ({ blobs }: Pick<Clients, 'blobs'>) => ({
  read: async (_request: HttpRequest): Promise<HttpResponseInit> =>
    json(200, { records: await dailyRecords(blobs, NEWEST) }),
})
