/** Every route of the API, and the app role that it needs. A function that is not in this table cannot be registered. */
import type { HttpRequest } from '@azure/functions'
import type { AppRole } from '../access/principal.ts'

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below /api. */
  readonly route: string
  /** Null: the route holds no data of drills. */
  readonly needs: AppRole | null
}

export const ROUTES = {
  startDrill: { method: 'POST', route: 'drills', needs: 'Drill.Run' },
  listDrills: { method: 'GET', route: 'drills', needs: 'Drill.Read' },
  readDrill: { method: 'GET', route: 'drills/{id}', needs: 'Drill.Read' },
  abortDrill: { method: 'DELETE', route: 'drills/{id}', needs: 'Drill.Run' },
  readReport: { method: 'GET', route: 'drills/{id}/report', needs: 'Drill.Read' },
  readFile: { method: 'GET', route: 'drills/{id}/files/{name}', needs: 'Drill.Read' },
  readEvidence: { method: 'GET', route: 'drills/{id}/evidence', needs: 'Drill.Read' },
  compareDrills: { method: 'GET', route: 'drills/compare', needs: 'Drill.Read' },
  startCampaign: { method: 'POST', route: 'campaigns', needs: 'Drill.Run' },
  listCampaigns: { method: 'GET', route: 'campaigns', needs: 'Drill.Read' },
  readCampaign: { method: 'GET', route: 'campaigns/{id}', needs: 'Drill.Read' },
  abortCampaign: { method: 'DELETE', route: 'campaigns/{id}', needs: 'Drill.Run' },
  listContainers: { method: 'GET', route: 'containers', needs: 'Drill.Read' },
  deleteContainers: { method: 'DELETE', route: 'containers/{id}', needs: 'Drill.Run' },
  readDefaults: { method: 'GET', route: 'defaults', needs: 'Drill.Read' },
  readDaily: { method: 'GET', route: 'daily', needs: 'Drill.Read' },
  dashboard: { method: 'GET', route: 'dashboard', needs: null },
  dashboardAsset: { method: 'GET', route: 'dashboard/{asset}', needs: null },
  openApi: { method: 'GET', route: 'openapi.json', needs: null },
} as const satisfies Readonly<Record<string, Route>>

export type RouteName = keyof typeof ROUTES

/** Addresses in answers are relative to the host, so they are right behind any gateway. */
export const drillUrl = (drillId: string): string => `/api/drills/${drillId}`
export const campaignUrl = (campaignId: string): string => `/api/campaigns/${campaignId}`
export const idOf = (request: HttpRequest): string => request.params.id ?? ''
