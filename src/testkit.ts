// Entry `tidemark/testkit`: the contract suites and the fakes, for authors of stores and brokers.
export {
  BACKUP_DAMAGES,
  type BackupDamage,
  type BackupStoreContext,
  backupStoreContract,
} from './testkit/backup-store-contract.ts';
export {
  type ContractCase,
  type ContractRunner,
  type ContractSubject,
  describeContract,
} from './testkit/contract.ts';
export {
  FaultBuilder,
  type FaultCount,
  FaultyStorage,
  type KeyFilter,
  type StorageOperation,
} from './testkit/faulty-storage.ts';
export { ManualClock } from './testkit/manual-clock.ts';
export { type ObjectStorageContext, objectStorageContract } from './testkit/object-storage-contract.ts';
export {
  type RestoreTargetContext,
  restoreTargetContract,
  sampleRestore,
} from './testkit/restore-target-contract.ts';
export {
  assertSameBackup,
  GatedFile,
  readWhole,
  type SampleBackupOptions,
  sampleBackup,
  sampleBytes,
  sampleFile,
} from './testkit/sample-backups.ts';
