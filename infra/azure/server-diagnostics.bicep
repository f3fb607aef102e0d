/*
  Logs and metrics of the server, into the workspace: without this every query about the server returns nothing.
  A module of its own, because an existing server may lie in another resource group.
*/
param serverName string
param workspaceId string

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = { name: serverName }

resource toWorkspace 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: server
  name: 'drill-to-workspace'
  properties: {
    workspaceId: workspaceId
    // Tables of their own (PGSQLServerLogs, PGSQLPgBouncer) instead of the shared AzureDiagnostics, whose columns run out.
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
