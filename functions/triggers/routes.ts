/** Addresses of the API, as they stand in answers. Relative to the host, so they are right behind any gateway. */
import type { HttpRequest } from '@azure/functions'

export const drillUrl = (drillId: string): string => `/api/drills/${drillId}`
export const idOf = (request: HttpRequest): string => request.params.id ?? ''
