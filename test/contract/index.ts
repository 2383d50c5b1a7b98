/**
 * What a driver's author runs: `portico/testing`. Each suite is a list of cases that meet the driver through a real manifest;
 * the harness says how to start it. The contexts are those of AVA.
 */
export { SteppedClock, VirtualClock } from './clock.ts'
export { cacheContract, type CacheCase, type CacheHarness } from './cache.ts'
export { cacheDriverContract, type CacheDriverCase, type CacheDriverHarness, type CacheDrivers } from './cache-driver.ts'
export { integrationsContract, type IntegrationsCase, type IntegrationsHarness } from './integrations.ts'
export { locksContract, type BoundLocks, type LocksCase, type LocksHarness, type LocksParts } from './locks.ts'
export { contractQueues, queueCases, queueContract, type BoundQueue, type QueueCase, type QueueHarness, type QueueParts } from './queue.ts'
export { sqlContract, type SqlCase, type SqlHarness } from './sql.ts'
export { contractKeys } from './storage-keys.ts'
export type { StorageCase, StorageHarness, StorageParts } from './storage-case.ts'
export { storageContract } from './storage.ts'
export { storageHarness, type StorageBackend, type StoragePlace } from './storage-harness.ts'
export { storageMigrations, type MigrationBackend, type MigrationCase } from './storage-migrations.ts'
export { storageOracle } from './storage-oracle.ts'
export { testDatabase, type TestDatabase } from './test-database.ts'
export { testKernel, type TestKernel, type TestKernelOptions } from './test-kernel.ts'
