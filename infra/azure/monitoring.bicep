/*
  One workspace, its own or one of the organisation, and Application Insights in it. Application Insights accepts telemetry from identities only, so its connection string
  is no secret.
*/
import { Tags } from 'types.bicep'

param workspaceName string
param insightsName string

@description('Empty: a workspace is created.')
param existingWorkspaceId string

param location string
param tags Tags

@description('Days that logs and metrics are kept; drill reports are in Blob storage and are kept longer.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('GB. Stops ingestion for the rest of the day when a client floods the server log.')
param dailyCapGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = if (empty(existingWorkspaceId)) {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyCapGb }
    features: { enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

var workspaceId = empty(existingWorkspaceId) ? workspace.id : existingWorkspaceId

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspaceId
    DisableLocalAuth: true
  }
}

output workspaceId string = workspaceId
output insightsName string = insights.name
output connectionString string = insights.properties.ConnectionString
