#!/usr/bin/env bash
# Deploys the code to the resources of main.bicep: builds the image, deploys the app, restarts the server for static parameters.
#
#   infra/azure/release.sh [-g RESOURCE_GROUP] [image] [app] [restart]      all three when none is named
#   infra/azure/release.sh providers                                        once per subscription, before the template
#
# Names come from the outputs of the deployment "main", or from azd's environment. It can be run again.
set -euo pipefail
cd "$(dirname "$0")/../.."

die() { echo "release: $1" >&2; exit 2; }

group="${AZURE_RESOURCE_GROUP:-}"
steps=()
while [ $# -gt 0 ]; do
  case "$1" in
    -g) [ $# -ge 2 ] || die "-g needs the name of a resource group"; group="$2"; shift ;;
    providers | image | app | restart) steps+=("$1") ;;
    *) die "unknown argument $1; usage: infra/azure/release.sh [-g RESOURCE_GROUP] [image] [app] [restart]" ;;
  esac
  shift
done
[ ${#steps[@]} -gt 0 ] || steps=(image app restart)
[ -n "$group" ] || [ "${steps[*]}" = providers ] || die "no resource group: give -g NAME or set AZURE_RESOURCE_GROUP"
command -v az > /dev/null || die "the Azure CLI (az) is not on the PATH: install it, and run az login"

# An output of the template: from the environment (azd), else from the deployment.
output() {
  local value="${!1:-}"
  [ -n "$value" ] || value="$(az deployment group show --resource-group "$group" --name main --query "properties.outputs.$1.value" --output tsv)"
  [ -n "$value" ] || die "the deployment \"main\" in $group has no output $1: deploy infra/azure/main.bicep first"
  echo "$value"
}

# Azure registers the providers of a template's resource types. Only running drills use these two.
release_providers() {
  local name
  for name in Microsoft.App Microsoft.ContainerInstance; do
    az provider register --namespace "$name" --wait --output none
    echo "release: $name is registered"
  done
}

# Builds the image in the registry and pins it by digest: a tag can be pushed again, a digest cannot.
release_image() {
  local registry endpoint app tag digest
  registry="$(output AZURE_CONTAINER_REGISTRY_NAME)"
  endpoint="$(output AZURE_CONTAINER_REGISTRY_ENDPOINT)"
  app="$(output AZURE_FUNCTION_APP_NAME)"
  tag="$(git rev-parse --short=12 HEAD 2> /dev/null || date -u +%Y%m%d%H%M%S)"
  echo "release: building pg-failover-drill/loadgen:$tag in $registry"
  az acr build --registry "$registry" --image "pg-failover-drill/loadgen:$tag" --file loadgen-image/Dockerfile --output none .
  digest="$(az acr repository show --name "$registry" --image "pg-failover-drill/loadgen:$tag" --query digest --output tsv)"
  case "$digest" in sha256:*) ;; *) die "the registry gave no digest for pg-failover-drill/loadgen:$tag" ;; esac
  az functionapp config appsettings set --resource-group "$group" --name "$app" \
    --settings "LOADGEN_IMAGE=$endpoint/pg-failover-drill/loadgen@$digest" --output none
  echo "release: LOADGEN_IMAGE is $endpoint/pg-failover-drill/loadgen@$digest"
}

release_app() {
  local app
  app="$(output AZURE_FUNCTION_APP_NAME)"
  npm run --silent package
  az functionapp deployment source config-zip --resource-group "$group" --name "$app" --src dist/package/app.zip --output none
  echo "release: $app is deployed, at $(output DRILL_API_URL)"
}

# Static parameters need a restart, which a template cannot do. The owner of an existing server restarts it.
release_restart() {
  local server server_group pending
  server="$(output POSTGRES_SERVER)"
  server_group="$(output POSTGRES_RESOURCE_GROUP)"
  pending="$(az postgres flexible-server parameter list --resource-group "$server_group" --server-name "$server" \
    --query "[?isConfigPendingRestart].name" --output tsv | tr '\n' ' ')"
  if [ -z "${pending// /}" ]; then
    echo "release: no parameter of $server waits for a restart"
  elif [ "${server#psql-drill-}" = "$server" ]; then
    echo "release: $server waits for a restart to apply: $pending- restart it at a suitable time:"
    echo "  az postgres flexible-server restart --resource-group $server_group --name $server"
  else
    echo "release: restarting $server to apply: $pending"
    az postgres flexible-server restart --resource-group "$server_group" --name "$server" --output none
  fi
}

for step in "${steps[@]}"; do "release_$step"; done
