/*
  Server parameters of the flexible server, computed for its memory, cores and disk.

  Azure computes the defaults of the memory parameters when it creates the server, and does not change them with the SKU. This module
  sets all of them by Azure's own formulas (server parameter reference, Azure Database for PostgreSQL), so they follow a new SKU.
  Units are PostgreSQL's: shared_buffers, effective_cache_size and wal_buffers count pages of 8 KiB; *_mem count KiB; *_wal_size count MiB.
*/
@description('Name of the server, in this resource group.')
param serverName string

@description('Memory of the SKU in GiB.')
param memoryGiB int

@description('vCores of the SKU.')
param vCores int

@description('Size of the disk in GiB: it decides how much WAL may grow between two checkpoints.')
param storageGiB int

@description('Server connections that PgBouncer opens per database and role: the true limit on transactions in flight.')
@minValue(10)
@maxValue(1000)
param poolSize int

// Pages of 8 KiB in one GiB.
var pagesPerGiB = 131072
var sharedBuffersPages = memoryGiB * pagesPerGiB / 4

// Azure's formula: 107.43 connections per GB of memory, at most 5000.
var maxConnections = min(5000, memoryGiB * 107434 / 1000)

// Azure's table of WAL size by disk size, largest step first; the smallest disk of 32 GiB gets 2 GiB.
var walSteps = [
  { disk: 8192, wal: 65536 }
  { disk: 2048, wal: 40960 }
  { disk: 1024, wal: 30720 }
  { disk: 512, wal: 25600 }
  { disk: 256, wal: 20480 }
  { disk: 128, wal: 12288 }
  { disk: 64, wal: 4096 }
  { disk: 0, wal: 2048 }
]
var maxWalSizeMiB = filter(walSteps, step => storageGiB >= step.disk)[0].wal

/*
  The order is the order of application. PgBouncer comes first: its parameters do not exist before it is enabled.
  Parameters marked static take effect with the next restart of the server, which a template cannot do: release.sh does it when one is pending.
*/
var settings = [
  // ---- PgBouncer: on port 6432 of the server itself; restarts with it on a failover ----------------------------------------------
  { name: 'pgbouncer.enabled', value: 'true' } // All load goes through it. Not available on Burstable SKUs, which the list therefore leaves out.
  { name: 'pgbouncer.pool_mode', value: 'transaction' } // A server connection is free again after each commit: thousands of clients share the pool.
  { name: 'pgbouncer.max_client_conn', value: '5000' } // Room for every worker and for a reconnect storm, in which old and new connections overlap.
  // By Little's law 8000 commits/s of 10 ms keep 80 connections busy; more connections would only move the queue from PgBouncer into PostgreSQL.
  { name: 'pgbouncer.default_pool_size', value: '${poolSize}' }
  { name: 'pgbouncer.min_pool_size', value: '${poolSize / 4}' } // Warm connections, so that the first second after a failover is not spent on logging in.
  // Seconds that a client may wait for a connection. With the default of 120 clients may wait through a whole failover.
  { name: 'pgbouncer.query_wait_timeout', value: '30' }
  { name: 'pgbouncer.max_prepared_statements', value: '0' } // The load uses no named statements; tracking them costs PgBouncer's only thread.

  // ---- Connections -------------------------------------------------------------------------------------------------------------
  // Static. Never below Azure's own default: 2000 would lower the 3437 of a 32 GiB server. 15 of them are reserved for Azure.
  { name: 'max_connections', value: '${maxConnections}' }
  { name: 'require_secure_transport', value: 'on' } // TLS, for PgBouncer's port too.
  { name: 'log_connections', value: 'on' } // When each client came back after a failover, from the server's side. Few lines behind a pooler.
  { name: 'log_disconnections', value: 'on' } // The other half of it.

  // ---- Memory ------------------------------------------------------------------------------------------------------------------
  { name: 'shared_buffers', value: '${sharedBuffersPages}' } // Static. A quarter of the memory, in pages: 1048576 is 8 GiB, and 2097152 would be 16.
  { name: 'effective_cache_size', value: '${memoryGiB * pagesPerGiB - sharedBuffersPages}' } // What is left for the file cache; only a hint to the planner.
  // Per sort, per connection. 16 MiB from 32 GiB of memory on: with the whole pool sorting at once it stays below a twentieth of the memory.
  { name: 'work_mem', value: '${max(4096, min(16384, memoryGiB * 512))}' }
  // Manual VACUUM and CREATE INDEX: a sixteenth of the memory, at most 2 GiB less 1 KiB, the largest allowed value.
  { name: 'maintenance_work_mem', value: '${min(2097151, memoryGiB * 65536)}' }
  // Per autovacuum worker. By default every worker may use maintenance_work_mem: four of them, a quarter of the memory.
  { name: 'autovacuum_work_mem', value: '${min(1048576, memoryGiB * 16384)}' }

  // ---- Write-ahead log ---------------------------------------------------------------------------------------------------------
  // Static, in pages: 2048 is 16 MiB, one WAL segment; Azure gives 128 MiB (16384 pages) to servers with more than 4 vCores.
  { name: 'wal_buffers', value: '${vCores > 4 ? 16384 : 2048}' }
  // Azure's value for the disk. 4 GiB would mean a checkpoint every few minutes, each followed by full-page writes: the load writes 1 GiB per minute.
  { name: 'max_wal_size', value: '${maxWalSizeMiB}' }
  { name: 'min_wal_size', value: '${min(1024, maxWalSizeMiB / 2)}' } // Segments kept for reuse, so that a burst does not create files.
  { name: 'checkpoint_completion_target', value: '0.9' } // Spreads the writes of a checkpoint over the time until the next one.

  // ---- Planner -----------------------------------------------------------------------------------------------------------------
  { name: 'random_page_cost', value: '1.1' } // Random and sequential reads cost nearly the same on SSDs.
  { name: 'effective_io_concurrency', value: '200' } // Requests that an SSD takes at once; the default of 1 is for one spinning disk.

  // ---- Vacuum ------------------------------------------------------------------------------------------------------------------
  { name: 'autovacuum', value: 'on' } // Drill rows are deleted in batches; nothing else gives their space back.
  { name: 'autovacuum_max_workers', value: '4' } // Static up to PostgreSQL 17. One more than the default, for the five indexes of the one big table.
  { name: 'autovacuum_vacuum_cost_limit', value: '3000' } // Shared by all workers. 200 would take hours for the rows of one drill. At most 10000.

  // ---- Statistics --------------------------------------------------------------------------------------------------------------
  // Top-level statements only: `all` also counts the foreign key checks of every INSERT, which costs time in each transaction.
  { name: 'pg_stat_statements.track', value: 'top' }
  { name: 'metrics.collector_database_activity', value: 'on' } // Off by default: without it there is no xact_commit metric, and TPS charts stay empty.
  { name: 'metrics.pgbouncer_diagnostics', value: 'on' } // Off by default: client_connections_waiting is how an exhausted pool shows.
  { name: 'azure.extensions', value: 'UUID-OSSP,PG_STAT_STATEMENTS' } // The drill needs none; an existing schema with uuid_generate_v4() does.
]

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = {
  name: serverName
}

// One after the other: the server takes one change at a time, and refuses parallel ones with ServerIsBusy.
@batchSize(1)
resource configurations 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2025-08-01' = [
  for setting in settings: {
    parent: server
    name: setting.name
    properties: { value: setting.value, source: 'user-override' }
  }
]

@description('For the alert on direct connections.')
output maxConnections int = maxConnections
