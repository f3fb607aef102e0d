/*
  What most deployments set. Everything else has a default in main.bicep, with the reason beside it.
  Values come from the environment where azd or a pipeline puts them there. No secret belongs in this file: the template makes its own.
*/
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'drill')
param existingServerId = readEnvironmentVariable('DRILL_EXISTING_SERVER_ID', '')
param alertEmail = readEnvironmentVariable('DRILL_ALERT_EMAIL', '')
