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
export { answerFaults, type RedirectTarget } from './testkit/misbehaving-s3/answer-faults.ts';
export { bodyFaults } from './testkit/misbehaving-s3/body-faults.ts';
export { connectionFaults } from './testkit/misbehaving-s3/connection-faults.ts';
export { listingFaults } from './testkit/misbehaving-s3/listing-faults.ts';
export {
  MisbehavingS3,
  type MisbehavingS3Components,
  type MisbehavingS3Settings,
  type S3Match,
  type S3Rule,
  startMisbehavingS3,
} from './testkit/misbehaving-s3/misbehaving-s3.ts';
export type { S3Answer, S3ErrorWords } from './testkit/misbehaving-s3/s3-answer.ts';
export type { S3Behaviour } from './testkit/misbehaving-s3/s3-behaviour.ts';
export type { S3Bucket, S3StoredObject, S3StoredUpload } from './testkit/misbehaving-s3/s3-bucket.ts';
export type { S3Exchange } from './testkit/misbehaving-s3/s3-exchange.ts';
export type { S3Operation, S3Request } from './testkit/misbehaving-s3/s3-request.ts';
export { type ObjectStorageContext, objectStorageContract } from './testkit/object-storage-contract.ts';
export {
  type RestoreTargetContext,
  type RestoreTruncation,
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
