/*
  The workbook: drills first, then the server. Server, workspace and time are its parameters. The queries are files, so that they can
  be read, run and tested without the workbook.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param workspaceId string
param serverId string

func title(text string) object => { type: 1, content: { json: text }, name: text }

@description('A query against the workspace. visualization: table, timechart, linechart, scatterchart.')
func kql(caption string, query string, visualization string, widthPercent string) object => {
  type: 3
  name: caption
  customWidth: widthPercent
  content: {
    version: 'KqlItem/1.0'
    title: caption
    query: query
    size: 0
    noDataMessage: 'No data in this time range.'
    timeContextFromParameter: 'TimeRange'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
    crossComponentResources: ['{Workspace}']
    visualization: visualization
  }
}

@description('Platform metrics of the server, without the delay of the workspace. Aggregations: 1 total, 3 maximum, 4 average.')
func chart(caption string, metrics { name: string, aggregation: int }[]) object => {
  type: 10
  name: caption
  customWidth: '50'
  content: {
    version: 'MetricsItem/2.0'
    chartId: guid(caption)
    title: caption
    size: 0
    chartType: 2
    resourceType: 'microsoft.dbforpostgresql/flexibleservers'
    metricScope: 0
    resourceParameter: 'Server'
    resourceIds: ['{Server}']
    timeContextFromParameter: 'TimeRange'
    metrics: map(metrics, metric => {
      namespace: 'microsoft.dbforpostgresql/flexibleservers'
      metric: 'microsoft.dbforpostgresql/flexibleservers--${metric.name}'
      aggregation: metric.aggregation
    })
  }
}

var parameters = {
  type: 9
  name: 'parameters'
  content: {
    version: 'KqlParameterItem/1.0'
    style: 'pills'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
    parameters: [
      {
        id: guid(name, 'TimeRange')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        type: 4
        isRequired: true
        value: { durationMs: 86400000 }
        typeSettings: {
          selectableValues: map([3600000, 14400000, 86400000, 604800000, 2592000000], milliseconds => { durationMs: milliseconds })
          allowCustom: true
        }
      }
      {
        id: guid(name, 'Server')
        version: 'KqlParameterItem/1.0'
        name: 'Server'
        type: 5
        isRequired: true
        value: serverId
        typeSettings: { additionalResourceOptions: [] }
        query: 'resources | where type =~ "microsoft.dbforpostgresql/flexibleservers" | project id, name'
        queryType: 1
        crossComponentResources: ['value::all']
        resourceType: 'microsoft.resourcegraph/resources'
      }
      {
        id: guid(name, 'Workspace')
        version: 'KqlParameterItem/1.0'
        name: 'Workspace'
        type: 5
        isRequired: true
        value: workspaceId
        typeSettings: { additionalResourceOptions: [] }
        query: 'resources | where type =~ "microsoft.operationalinsights/workspaces" | project id, name'
        queryType: 1
        crossComponentResources: ['value::all']
        resourceType: 'microsoft.resourcegraph/resources'
      }
    ]
  }
}

var items = [
  parameters
  title('## Failover drills\nWhat the clients saw. Recovery time is measured by the load generators; platform metrics come once a minute and can only accompany it.')
  kql('Drills and their verdicts', loadTextContent('queries/drill-results.kql'), 'table', '100')
  kql('Recovery time and write outage, seconds', loadTextContent('queries/recovery-trend.kql'), 'timechart', '50')
  kql('Response time in the baseline, milliseconds', loadTextContent('queries/drill-latency.kql'), 'timechart', '50')
  kql('Drills that were skipped', loadTextContent('queries/skipped-drills.kql'), 'table', '50')
  kql('Cost of the load generators by server', loadTextContent('queries/cost-by-server.kql'), 'table', '50')
  title('## The server, from the workspace\nMinutes behind. Bars mark events.')
  kql('Transactions per second, and events', loadTextContent('queries/tps-with-events.kql'), 'timechart', '100')
  kql('CPU and memory, percent', loadTextContent('queries/utilisation.kql'), 'timechart', '50')
  kql('Connections', loadTextContent('queries/connections.kql'), 'timechart', '50')
  kql('IOPS', loadTextContent('queries/iops.kql'), 'timechart', '50')
  kql('PostgreSQL log around promotions', loadTextContent('queries/promotion-log.kql'), 'table', '50')
  kql('PgBouncer log', loadTextContent('queries/pgbouncer-log.kql'), 'table', '100')
  title('## The server, now\nStraight from the platform. IOPS and throughput arrive in batches of five minutes.')
  chart('CPU and memory', [{ name: 'cpu_percent', aggregation: 4 }, { name: 'memory_percent', aggregation: 4 }])
  chart('Transactions per second', [{ name: 'tps', aggregation: 4 }])
  chart('Connections and waiting clients', [
    { name: 'active_connections', aggregation: 4 }
    { name: 'client_connections_active', aggregation: 4 }
    { name: 'client_connections_waiting', aggregation: 3 }
    { name: 'connections_failed', aggregation: 1 }
  ])
  chart('IOPS', [{ name: 'read_iops', aggregation: 4 }, { name: 'write_iops', aggregation: 4 }])
  chart('Share of the disk\'s IOPS and bandwidth', [
    { name: 'disk_iops_consumed_percentage', aggregation: 4 }
    { name: 'disk_bandwidth_consumed_percentage', aggregation: 4 }
  ])
  chart('Network', [{ name: 'network_bytes_ingress', aggregation: 1 }, { name: 'network_bytes_egress', aggregation: 1 }])
  chart('Storage', [{ name: 'storage_percent', aggregation: 3 }, { name: 'txlogs_storage_used', aggregation: 3 }])
  chart('Is the database alive', [{ name: 'is_db_alive', aggregation: 3 }])
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, name)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: name
    category: 'workbook'
    sourceId: workspaceId
    serializedData: string({ version: 'Notebook/1.0', items: items, fallbackResourceIds: [workspaceId] })
  }
}

output id string = workbook.id
