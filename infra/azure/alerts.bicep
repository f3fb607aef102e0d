/*
  Alerts on drills, by server; those on the servers themselves are in server-alerts.bicep. Thresholds are those of the 8000 TPS guide, each
  on a metric that measures it: throughput and latency by the drill itself. The server is idle between drills, and connections_succeeded
  counts logins, which a pooled client makes once: an alert "below 100" on it would always be on.
*/
import { Tags } from 'types.bicep'

param location string
param tags Tags
param workspaceId string

@description('Application Insights of this environment: others may write to the same workspace.')
param insightsId string

@description('Receives the alerts; empty: only the portal shows them.')
param email string

@description('Servers with a drill every day, as resource group/server in lower case. None: then no drill can be missing.')
param dailyServers string[]

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
