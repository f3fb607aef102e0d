/*
  Alerts on drills and on the server. Thresholds are those of the 8000 TPS guide, each on a metric that measures it:
  - throughput and latency by the drill itself. The server is idle between drills, and connections_succeeded counts logins, which a
    pooled client makes once: an alert "below 100" on it would always be on;
  - an exhausted pool by PgBouncer's waiting clients. Behind a pool of 100, active_connections never gets near its limit;
  - physical_replication_delay is the lag of read replicas, not of the standby: nothing here depends on it.
  A drill fails the server over, so no alert fires because a database is down for a minute or two.
*/
import { Tags } from 'types.bicep'

param location string
param tags Tags
param serverId string
param serverLocation string
param workspaceId string

@description('Application Insights of this environment: others may write to the same workspace.')
param insightsId string

@description('max_connections of the server: the limit of direct connections.')
param maxConnections int

@description('Receives the alerts; empty: only the portal shows them.')
param email string

@description('Servers with a drill every day, as resource group/server in lower case. None: then no drill can be missing.')
param dailyServers string[]

@description('The server is stopped between drills: then a database that is down is no reason for an alert.')
param isServerStopped bool

@description('Name of the action group, and start of every alert\'s name.')
param prefix string

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: prefix
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'pg-drill'
    enabled: true
    emailReceivers: empty(email) ? [] : [{ name: 'drill', emailAddress: email, useCommonAlertSchema: true }]
  }
}

/*
  Metric alerts. Severity 1 is critical, 2 is a warning. Every window is at least five minutes: points come once a minute, and the two
  disk metrics in batches of five.
*/
var metricAlerts = [
  {
    name: 'cpu-critical'
    metric: 'cpu_percent'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 90
    severity: 1
    window: 'PT5M'
    why: 'CPU above 90 %: latency rises and failover takes longer.'
  }
  {
    name: 'cpu-high'
    metric: 'cpu_percent'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 80
    severity: 2
    window: 'PT15M'
    why: 'CPU above 80 %, the limit of a drill.'
  }
  {
    name: 'memory-critical'
    metric: 'memory_percent'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 95
    severity: 1
    window: 'PT5M'
    why: 'Memory above 95 %: the server may be restarted by the kernel.'
  }
  { name: 'memory-high', metric: 'memory_percent', aggregation: 'Average', operator: 'GreaterThan', threshold: 90, severity: 2, window: 'PT15M', why: 'Memory above 90 %.' }
  {
    name: 'pool-exhausted'
    metric: 'client_connections_waiting'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 10
    severity: 2
    window: 'PT5M'
    why: 'Clients wait for a connection of PgBouncer: raise the pool, or send less.'
  }
  {
    name: 'connections-critical'
    metric: 'active_connections'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: maxConnections * 95 / 100
    severity: 1
    window: 'PT5M'
    why: 'More than 95 % of max_connections are used; PgBouncer is being bypassed.'
  }
  {
    name: 'connections-high'
    metric: 'active_connections'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: maxConnections * 90 / 100
    severity: 2
    window: 'PT15M'
    why: 'More than 90 % of max_connections are used; PgBouncer is being bypassed.'
  }
  {
    name: 'iops-saturated'
    metric: 'disk_iops_consumed_percentage'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 90
    severity: 2
    window: 'PT15M'
    why: 'The disk is the limit: raise the storage tier.'
  }
  {
    name: 'storage-filling'
    metric: 'storage_percent'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 85
    severity: 2
    window: 'PT15M'
    why: 'At 95 % the server turns read-only. Delete the rows of old drills.'
  }
  {
    name: 'database-down'
    metric: 'is_db_alive'
    aggregation: 'Maximum'
    operator: 'LessThan'
    threshold: 1
    severity: 1
    window: 'PT5M'
    why: 'Down for five minutes: no failover takes that long, so this is no drill.'
  }
]

resource metricRules 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for alert in metricAlerts: {
    name: '${prefix}-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: alert.why
      severity: alert.severity
      enabled: !(isServerStopped && alert.name == 'database-down')
      autoMitigate: true
      scopes: [serverId]
      targetResourceType: 'Microsoft.DBforPostgreSQL/flexibleServers'
      targetResourceRegion: serverLocation
      evaluationFrequency: 'PT1M'
      windowSize: alert.window
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricNamespace: 'Microsoft.DBforPostgreSQL/flexibleServers'
            metricName: alert.metric
            timeAggregation: alert.aggregation
            operator: alert.operator
            threshold: alert.threshold
            // The opt-in metrics do not exist before the first run of their collectors.
            skipMetricValidation: true
          }
        ]
      }
      actions: [{ actionGroupId: group.id }]
    }
  }
]

/*
  Alerts on what the drills say: functions/render/log-lines.ts writes the lines that the queries read. Below 75 % of the offered rate
  (6000 of 8000) or P95 above 50 ms is a warning, below 50 % (4000 of 8000) or above 100 ms is critical.

  A drill that went wrong is an event, and nothing that ends by itself: the alert is never "resolved", and is muted for as long as its
  window still holds the line. Windows overlap, because a line may be minutes late. A missing drill is a state: one message when it
  begins, one when a drill has ended again.
*/
var slow = loadTextContent('queries/alert-drill-slow.kql')
var slowWarning = replace(replace(slow, 'MIN_SHARE', '75'), 'MAX_P95', '50')
var slowCritical = replace(replace(slow, 'MIN_SHARE', '50'), 'MAX_P95', '100')
var logAlerts = concat(
  [
    {
      name: 'drill-not-passed'
      query: loadTextContent('queries/alert-drill-failed.kql')
      operator: 'GreaterThan'
      threshold: 0
      severity: 1
      frequency: 'PT5M'
      window: 'PT15M'
      range: 'PT15M'
      endsByItself: false
      why: 'A drill ended with FAIL, INCONCLUSIVE or ABORTED, or broke.'
    }
    {
      name: 'drill-slow'
      query: slowWarning
      operator: 'GreaterThan'
      threshold: 0
      severity: 2
      frequency: 'PT5M'
      window: 'PT15M'
      range: 'PT15M'
      endsByItself: false
      why: 'Before its failover a drill reached less than 75 % of the offered rate, or its P95 was above 50 ms.'
    }
    {
      name: 'drill-very-slow'
      query: slowCritical
      operator: 'GreaterThan'
      threshold: 0
      severity: 1
      frequency: 'PT5M'
      window: 'PT15M'
      range: 'PT15M'
      endsByItself: false
      why: 'Before its failover a drill reached less than 50 % of the offered rate, or its P95 was above 100 ms.'
    }
  ],
  !empty(dailyServers)
    ? [
        {
          name: 'drill-missing'
          query: replace(loadTextContent('queries/alert-drill-missing.kql'), 'SERVERS', string(dailyServers))
          operator: 'LessThan'
          threshold: 1
          severity: 2
          frequency: 'PT1H'
          window: 'P1D'
          range: 'P2D' // The query looks back 26 hours, and a window holds 24 at most.
          endsByItself: true
          why: 'No drill of the server ended in the last 26 hours. The workbook lists drills that were skipped, and why.'
        }
      ]
    : []
)

resource logRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in logAlerts: {
    name: '${prefix}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.name
      description: alert.why
      severity: alert.severity
      enabled: true
      autoMitigate: alert.endsByItself
      muteActionsDuration: alert.endsByItself ? null : alert.window
      scopes: [workspaceId]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      overrideQueryTimeRange: alert.range
      // A table exists from its first row on; the alert must exist before the first drill.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: replace(alert.query, 'INSIGHTS_ID', insightsId)
            // An alert for each server, which names it.
            dimensions: [{ name: 'Server', operator: 'Include', values: ['*'] }]
            metricMeasureColumn: 'Drills'
            timeAggregation: 'Total'
            operator: alert.operator
            threshold: alert.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [group.id] }
    }
  }
]

output actionGroupId string = group.id
