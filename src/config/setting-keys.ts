// The one table of all settings: key, type, default and meaning. Reading, warnings and the reference page
// follow it.
import {
  API_CALL_TIMEOUT_MS,
  CHUNK_SIZE_BYTES_MAX,
  CHUNKS_IN_FLIGHT,
  HEARTBEAT_INTERVAL_MS,
  PARTITIONS_MAX,
  STALE_AFTER_MS,
} from '../core/limits.ts';
import {
  dataSize,
  duration,
  encryptionKeyFileList,
  encryptionKeyList,
  keyPrefix,
  oneOf,
  schedule,
  serverUrl,
  type TextType,
  text,
  timeZone,
  wholeNumber,
  wordList,
  yesOrNo,
} from './text-type.ts';

/**
 * One setting. `fallback` is text like any other value; null when there is none and the value may be
 * absent.
 */
export interface Setting<T, F extends string | null = string | null> {
  readonly key: string;
  readonly type: TextType<T>;
  readonly fallback: F;
  readonly meaning: string;
  /** Never shown: not in a problem, not when the settings are printed. */
  readonly secret: boolean;
}

function setting<T, F extends string | null>(
  key: string,
  type: TextType<T>,
  fallback: F,
  meaning: string,
  secret = false,
): Setting<T, F> {
  return { key, type, fallback, meaning, secret };
}

const NODES_MAX = 65_534;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The stores that can be named. The last two are Zeebe's and not ours: they get an answer of their own. */
export const STORE_NAMES = ['NONE', 'S3', 'FILESYSTEM', 'MEMORY', 'GCS', 'AZURE'] as const;

const PARTITIONING = 'zeebe.broker.experimental.partitioning';

/** The list of partitions and their nodes: the one list of more than plain values that is read. */
export const FIXED_ROOT = `${PARTITIONING}.fixed`;

/** The roots under which every key should be one of ours. */
export const WATCHED_ROOTS = ['zeebe.broker.data.backup', 'tidemark', FIXED_ROOT] as const;

/** Zeebe's other stores: their keys are no typing errors. */
export const FOREIGN_ROOTS = ['zeebe.broker.data.backup.gcs', 'zeebe.broker.data.backup.azure'] as const;

const BACKUP = 'zeebe.broker.data.backup';
const CLUSTER = 'zeebe.broker.cluster';
const WEB = 'management.endpoints.web';

const AMOUNT = wholeNumber(1, 1_000_000);

/** Every setting, by the name it has in the code. */
export const SETTINGS = {
  store: setting(
    `${BACKUP}.store`,
    oneOf(STORE_NAMES),
    'NONE',
    'Where backups are kept: NONE, S3, FILESYSTEM (a shared directory) or MEMORY (this process, for tests)',
  ),
  format: setting(
    `${BACKUP}.format`,
    oneOf(['tidemark', 'zeebe']),
    'tidemark',
    "The layout in the store: tidemark's own, or with `zeebe` that of Zeebe's S3 store (S3 and MEMORY only)",
  ),
  bucketName: setting(`${BACKUP}.s3.bucketName`, text, null, 'The bucket. Needed for S3; it must exist'),
  endpoint: setting(
    `${BACKUP}.s3.endpoint`,
    serverUrl,
    null,
    "URL of the S3 server. Unset: Amazon's endpoint of the region",
  ),
  region: setting(`${BACKUP}.s3.region`, text, null, 'Unset: what the AWS SDK finds in its environment'),
  accessKey: setting(
    `${BACKUP}.s3.accessKey`,
    text,
    null,
    "Both keys or neither. Unset: the AWS SDK's own chain of credentials. Never printed",
    true,
  ),
  secretKey: setting(`${BACKUP}.s3.secretKey`, text, null, 'Goes with `accessKey`. Never printed', true),
  forcePathStyleAccess: setting(
    `${BACKUP}.s3.forcePathStyleAccess`,
    yesOrNo,
    'false',
    'Put the bucket in the path of the URL and not in the host name; most servers but Amazon need it',
  ),
  s3BasePath: setting(
    `${BACKUP}.s3.basePath`,
    keyPrefix,
    null,
    'Prefix of all keys. Give each cluster its own bucket or base path',
  ),
  sse: setting(
    `${BACKUP}.s3.sse`,
    oneOf(['AES256', 'aws:kms']),
    null,
    'How the server is to encrypt: with its own key, or one of its key service. Unset: as the bucket says',
  ),
  sseKmsKeyId: setting(
    `${BACKUP}.s3.sseKmsKeyId`,
    text,
    null,
    "With `sse: aws:kms`, which key. Unset: the bucket's",
  ),
  ssecKey: setting(
    `${BACKUP}.s3.ssecKey`,
    text,
    null,
    'SSE-C: 32 bytes in base64, sent with each request; nothing is read without it. Not with `sse`. Never printed',
    true,
  ),
  apiCallTimeout: setting(
    `${BACKUP}.s3.apiCallTimeout`,
    duration(1, DAY_MS),
    `PT${API_CALL_TIMEOUT_MS / 1000}S`,
    'Limit of one request with all its retries',
  ),
  compression: setting(
    `${BACKUP}.s3.compression`,
    oneOf(['zstd', 'none']),
    'none',
    'With `format: zeebe`, how files above 8 MiB are written; both are read. The native layout has a key of its own',
  ),
  filesystemBasePath: setting(
    `${BACKUP}.filesystem.basePath`,
    text,
    null,
    'The directory that keeps the backups. Needed for FILESYSTEM; it must exist and every node must see it',
  ),
  schedule: setting(
    `${BACKUP}.schedule`,
    schedule,
    'none',
    'When a broker with a scheduler takes backups. Cron has five fields, or six with seconds; `PT1H` is each full hour',
  ),
  checkpointInterval: setting(
    `${BACKUP}.checkpointInterval`,
    duration(1_000, DAY_MS),
    null,
    'How often such a broker makes a marker, to restore to between backups. Unset: never',
  ),
  offset: setting(
    `${BACKUP}.offset`,
    wholeNumber(0, 999_999_999_999_999),
    '0',
    'Is added to the milliseconds since 1970 where an id is made: for a cluster that had higher ids before',
  ),
  cleanupSchedule: setting(
    `${BACKUP}.retention.cleanupSchedule`,
    schedule,
    'none',
    'When such a broker prunes by the rules below, and sweeps. Needs a rule. Once a day is plenty',
  ),
  retentionWindow: setting(
    `${BACKUP}.retention.window`,
    duration(1, 36_500 * DAY_MS),
    null,
    'What pruning keeps: all backups at most this much older than the newest COMPLETED one',
  ),
  retentionKeepLast: setting(`${BACKUP}.retention.keepLast`, AMOUNT, null, 'And the newest so many'),
  retentionKeepDaily: setting(
    `${BACKUP}.retention.keepDaily`,
    AMOUNT,
    null,
    'And the newest of each of the last so many days, in UTC, that have one',
  ),
  retentionKeepWeekly: setting(
    `${BACKUP}.retention.keepWeekly`,
    AMOUNT,
    null,
    'Likewise of weeks, from Monday',
  ),
  retentionKeepMonthly: setting(`${BACKUP}.retention.keepMonthly`, AMOUNT, null, 'Likewise of months'),
  retentionMinimum: setting(
    `${BACKUP}.retention.minimum`,
    AMOUNT,
    '1',
    'So many COMPLETED backups stay in any case',
  ),
  nodeId: setting(`${CLUSTER}.nodeId`, wholeNumber(0, NODES_MAX), '0', 'This node; below `clusterSize`'),
  partitionsCount: setting(
    `${CLUSTER}.partitionsCount`,
    wholeNumber(1, PARTITIONS_MAX),
    '1',
    'Partitions of the cluster. A restore refuses a backup of another number',
  ),
  replicationFactor: setting(
    `${CLUSTER}.replicationFactor`,
    wholeNumber(1, NODES_MAX),
    '1',
    'Nodes that hold each partition; at most `clusterSize`. Says which partitions this node restores',
  ),
  clusterSize: setting(`${CLUSTER}.clusterSize`, wholeNumber(1, NODES_MAX + 1), '1', 'Nodes of the cluster'),
  partitioningScheme: setting(
    `${PARTITIONING}.scheme`,
    oneOf(['ROUND_ROBIN', 'FIXED']),
    'ROUND_ROBIN',
    'Which node holds which partition. With FIXED the list below says it, for every partition',
  ),
  clusterId: setting(
    `${CLUSTER}.clusterId`,
    text,
    null,
    'Whose backups these are: the store refuses to save those of another cluster beside them',
  ),
  clusterName: setting(`${CLUSTER}.clusterName`, text, null, 'Stands in for `clusterId` where that is unset'),
  dataDirectory: setting(
    'zeebe.broker.data.directory',
    text,
    'data',
    'The data of this node; what a restore fills',
  ),
  enableBackup: setting(
    'zeebe.broker.experimental.features.enableBackup',
    yesOrNo,
    'true',
    "Zeebe 8.1's switch. With false a broker takes no backups; a restore does not mind",
  ),
  exposed: setting(
    `${WEB}.exposure.include`,
    wordList,
    '*',
    'The management endpoints that are served. The backups are when it has `backups` or `*`',
  ),
  basePath: setting(`${WEB}.basePath`, text, '/actuator', 'The path above `/backups`'),
  backupsEndpoint: setting(
    'management.endpoint.backups.enabled',
    yesOrNo,
    null,
    'With false the backups are not served. Unset: true',
  ),
  backupsEndpointOld: setting(
    'management.endpoints.backups.enabled',
    yesOrNo,
    null,
    'Another spelling of the key above; they must agree',
  ),
  managementPort: setting('management.server.port', wholeNumber(0, 65_535), '9600', '0 takes any free port'),
  managementAddress: setting(
    'management.server.address',
    text,
    '127.0.0.1',
    'The address to listen on. Spring listens on all by default; here that must be asked for, with 0.0.0.0',
  ),
  chunkSize: setting(
    'tidemark.chunkSize',
    dataSize(1, CHUNK_SIZE_BYTES_MAX),
    null,
    'Large files are cut into chunks of this size. Unset: 8MB. With `format: zeebe` 5MB at least',
  ),
  chunksInFlight: setting(
    'tidemark.chunksInFlight',
    wholeNumber(1, 1000),
    String(CHUNKS_IN_FLIGHT),
    'Chunks in memory at the same time, of all saves and of all reads. With `format: zeebe` per save and per file',
  ),
  maxBytesPerSecond: setting(
    'tidemark.maxBytesPerSecond',
    dataSize(1, Number.MAX_SAFE_INTEGER),
    null,
    'The most that a node sends and receives for backups in a second. Unset: no limit. Not with `format: zeebe`',
  ),
  nativeCompression: setting(
    'tidemark.compression',
    oneOf(['auto', 'none']),
    'none',
    '`auto`: chunks are sent as zstd where samples say that it pays. Both are read. Not with `format: zeebe`',
  ),
  readEverything: setting(
    'tidemark.readEverything',
    yesOrNo,
    'false',
    'Backups read every byte, also of files that the broker vouches for. Not with `format: zeebe`, which always does',
  ),
  encryptionKeys: setting(
    'tidemark.encryption.keys',
    encryptionKeyList,
    null,
    'Backups are encrypted: new ones with the first key; all of them read. Not with `format: zeebe`. Never printed',
    true,
  ),
  encryptionKeyFiles: setting(
    'tidemark.encryption.keyFiles',
    encryptionKeyFileList,
    null,
    'The same in files, such as mounted secrets, each with one key in base64. Read when the store is opened',
    true,
  ),
  heartbeat: setting(
    'tidemark.heartbeat',
    duration(1, DAY_MS),
    `${HEARTBEAT_INTERVAL_MS / 1000}s`,
    'How often a running backup shows that it lives. Not with `format: zeebe`',
  ),
  staleAfter: setting(
    'tidemark.staleAfter',
    duration(1, DAY_MS),
    `${STALE_AFTER_MS / 1000}s`,
    'A backup without a sign of life so long is FAILED. Alike on all nodes; at least 2 heartbeats. Not with `zeebe`',
  ),
  scheduleTimeZone: setting(
    'tidemark.scheduleTimeZone',
    timeZone,
    'UTC',
    'Whose clock the cron expressions mean. Intervals are counted in UTC in any case',
  ),
  generateIds: setting(
    'tidemark.management.generateIds',
    yesOrNo,
    null,
    'Whether a `POST /backups` without an id gets one, or a 400. Unset: with a schedule or markers',
  ),
  dialect: setting(
    'tidemark.management.dialect',
    oneOf(['modern', '8.1']),
    'modern',
    'The shape of the management API: that of Zeebe 8.2 and later, or that of 8.1',
  ),
  managementToken: setting(
    'tidemark.management.token',
    text,
    null,
    'The bearer token that the management API asks for. The command line reads the variable. Never printed',
    true,
  ),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof SETTINGS;

/** The settings of the entries of {@link FIXED_ROOT}. `[i]` and `[j]` stand for numbers from 0 on. */
export const FIXED_SETTINGS = {
  partitionId: setting(
    `${FIXED_ROOT}[i].partitionId`,
    wholeNumber(1, PARTITIONS_MAX),
    null,
    'With FIXED: which partition the entry is about. Every partition has exactly one',
  ),
  nodeId: setting(
    `${FIXED_ROOT}[i].nodes[j].nodeId`,
    wholeNumber(0, NODES_MAX),
    null,
    'With FIXED: a node that holds the partition. Exactly `replicationFactor` nodes, all different',
  ),
  priority: setting(
    `${FIXED_ROOT}[i].nodes[j].priority`,
    wholeNumber(0, 2_147_483_647),
    null,
    'Who of the nodes should lead. Read as Zeebe does, and without effect on a restore',
  ),
} as const;

/** The value of each setting once it is read. */
export type SettingValues = {
  [N in SettingName]: (typeof SETTINGS)[N] extends Setting<infer T, infer F>
    ? F extends null
      ? T | undefined
      : T
    : never;
};

/** The variable that sets a key: dots and brackets become underscores, dashes go, all upper case. */
export function environmentVariable(key: string): string {
  return key
    .replaceAll(/\[(\w+)\]/g, '_$1')
    .replaceAll('.', '_')
    .replaceAll('-', '')
    .toUpperCase();
}
