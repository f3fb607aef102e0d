/*
  A monthly budget of the resource group: one message at 80 % of it, one when the forecast exceeds it. It stops nothing.
*/
param name string

@description('In the currency of the bill.')
param amount int

param actionGroupId string

@description('First day of the current month. Azure refuses another start for a budget that exists.')
param start string = utcNow('yyyy-MM-01')

// A later deployment in another month would send another start; another amount is set in the portal, or under another name.
@onlyIfNotExists()
resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: name
  properties: {
    amount: amount
    category: 'Cost'
    timeGrain: 'Monthly'
    timePeriod: { startDate: start }
    notifications: {
      spent: { enabled: true, operator: 'GreaterThan', threshold: 80, thresholdType: 'Actual', contactEmails: [], contactGroups: [actionGroupId] }
      forecast: { enabled: true, operator: 'GreaterThan', threshold: 100, thresholdType: 'Forecasted', contactEmails: [], contactGroups: [actionGroupId] }
    }
  }
}
