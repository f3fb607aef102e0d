/*
  Sends logs and metrics of the server to the workspace: without it every query about the server returns no rows.
  A module of its own, because an existing server may be in another resource group.
*/
param serverName string
param workspaceId string

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = { name: serverName }

resource toWorkspace 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: server
  name: 'drill-to-workspace'
  properties: {
    workspaceId: workspaceId
    // Resource-specific tables (PGSQLServerLogs, PGSQLPgBouncer): the shared AzureDiagnostics table has a limit of columns.
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      for category in ['PostgreSQLLogs', 'PostgreSQLFlexPGBouncer', 'PostgreSQLFlexSessions', 'PostgreSQLFlexDatabaseXacts']: {
        category: category
        enabled: true
      }
    ]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
