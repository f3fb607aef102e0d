/*
  The parameters that most deployments set. The others have defaults in main.bicep, each with its reason.
  Values come from the environment where azd or a pipeline sets them. This file holds no secret: the template generates them.
*/
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'drill')
param existingServerId = readEnvironmentVariable('DRILL_EXISTING_SERVER_ID', '')
param alertEmail = readEnvironmentVariable('DRILL_ALERT_EMAIL', '')
