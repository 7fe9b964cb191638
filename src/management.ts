// Entry `tidemark/management`: the HTTP management API as a handler, a server for it, and a client.
export * from './core/management-errors.ts';
export type { BackupListQuery, BackupOperations, OperationOptions } from './management/backup-operations.ts';
export type { Fetch, ManagementCallError } from './management/management-call.ts';
export {
  type BackupInfoPage,
  type ManagementCallOptions,
  ManagementClient,
  type ManagementClientComponents,
  type ManagementClientError,
  type ManagementClientSettings,
} from './management/management-client.ts';
export {
  type ManagementHandler,
  type ManagementHandlerOptions,
  managementHandler,
} from './management/management-handler.ts';
export {
  type ManagementServer,
  type ManagementServerOptions,
  startManagementServer,
} from './management/management-server.ts';
export { type NodeListener, nodeListener } from './management/node-listener.ts';
export type {
  BackupInfo,
  LegacyBackupInfo,
  LegacyDescription,
  LegacyPartitionBackupInfo,
  ManagementDialect,
  MessageBody,
  PartitionBackupInfo,
} from './management/wire.ts';
