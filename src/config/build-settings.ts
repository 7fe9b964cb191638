// Puts the values together: what is needed, what must fit, and the shape that others take.
import { PART_SIZE_BYTES_MIN } from '../core/limits.ts';
import type { FixedPartition } from '../core/partition-distribution.ts';
import type { RetentionPolicy } from '../core/retention-policy.ts';
import { readSchedule } from '../runtime/parse-schedule.ts';
import type { BackupStoreSettings } from '../stores/backup-store-settings.ts';
import { s3EncryptionFlaws } from '../stores/s3-encryption-flaws.ts';
import { hideSecrets } from './hide-secrets.ts';
import type { ReadValues } from './read-values.ts';
import { SETTINGS, type SettingName, type SettingValues } from './setting-keys.ts';
import type { ClusterSettings, ManagementSettings, ScheduleSettings, Settings } from './settings.ts';

/** What does not fit together. A value that is wrong by itself is undefined here and has its own problem. */
export function misfits({ values, origins }: ReadValues): string[] {
  const problems: string[] = [];
  const problem = (name: SettingName, detail: string) => {
    const origin = origins[name];
    problems.push(`${SETTINGS[name].key}: ${detail}${origin === undefined ? '' : ` (${origin})`}`);
  };
  const missing = (name: SettingName) => values[name] === undefined && origins[name] === undefined;
  const { store, nodeId, clusterSize, replicationFactor, heartbeat, staleAfter } = values;

  if (store === 'GCS' || store === 'AZURE') problem('store', `${store} is not supported by tidemark; use S3`);
  if (store === 'S3') {
    if (missing('bucketName')) problem('bucketName', 'it is needed for the store S3 and is not set');
    for (const [one, other] of KEY_PAIRS) {
      const alone = origins[one] !== undefined && missing(other);
      if (alone) problem(one, `it is set without ${SETTINGS[other].key}; set both or neither`);
    }
    for (const { name, detail } of s3EncryptionFlaws(values)) problem(name, `it ${detail}`);
    if (values.compression === 'zstd' && values.format === 'tidemark') {
      const advice = `set ${SETTINGS.nativeCompression.key} to 'auto', or ${SETTINGS.format.key} to 'zeebe'`;
      problem('compression', `it is for Zeebe's layout; leave it out, and ${advice}`);
    }
  }
  if (store === 'FILESYSTEM' && missing('filesystemBasePath')) {
    problem('filesystemBasePath', 'it is needed for the store FILESYSTEM and is not set');
  }
  if (!isNone(values.cleanupSchedule) && RULES.every(missing)) {
    const { key } = SETTINGS.retentionWindow;
    problem('cleanupSchedule', `there is no rule that says what to keep; set ${key} or another one`);
  }
  if (origins.encryptionKeys !== undefined && origins.encryptionKeyFiles !== undefined) {
    problem('encryptionKeyFiles', `it and ${SETTINGS.encryptionKeys.key} are both set; set one of them`);
  }
  if (values.format === 'zeebe') zeebeMisfits({ values, origins }, problem);
  if (clusterSize !== undefined) {
    const size = `${SETTINGS.clusterSize.key} (${clusterSize})`;
    if (nodeId !== undefined && nodeId >= clusterSize) problem('nodeId', `${nodeId} is not below ${size}`);
    if (replicationFactor !== undefined && replicationFactor > clusterSize) {
      problem('replicationFactor', `${replicationFactor} is above ${size}`);
    }
  }
  if (heartbeat !== undefined && staleAfter !== undefined && staleAfter < 2 * heartbeat) {
    problem('staleAfter', `${staleAfter}ms is less than twice ${SETTINGS.heartbeat.key} (${heartbeat}ms)`);
  }
  const { backupsEndpoint: a, backupsEndpointOld: b } = values;
  if (a !== undefined && b !== undefined && a !== b) {
    problem('backupsEndpoint', `it is ${a} and ${SETTINGS.backupsEndpointOld.key} is ${b}; set one of them`);
  }
  return problems;
}

/** What Zeebe's layout does not have. */
function zeebeMisfits(
  { values, origins }: Pick<ReadValues, 'values' | 'origins'>,
  problem: (name: SettingName, detail: string) => void,
): void {
  const { store, chunkSize } = values;
  if (store === 'FILESYSTEM') problem('format', "Zeebe's layout is kept in S3 only; leave it out, or use S3");
  for (const name of ['heartbeat', 'staleAfter'] as const) {
    if (origins[name] !== undefined) problem(name, "Zeebe's layout knows no signs of life; leave it out");
  }
  if (origins.maxBytesPerSecond !== undefined) {
    problem('maxBytesPerSecond', "Zeebe's layout is not held to a rate; leave it out");
  }
  for (const name of ['encryptionKeys', 'encryptionKeyFiles'] as const) {
    if (origins[name] !== undefined) {
      problem(name, "Zeebe's layout knows no encryption of its own; leave it out");
    }
  }
  if (origins.nativeCompression !== undefined) {
    problem('nativeCompression', `Zeebe's layout compresses whole files; set ${SETTINGS.compression.key}`);
  }
  if (origins.readEverything !== undefined) {
    problem('readEverything', "in Zeebe's layout every backup reads everything; leave it out");
  }
  if (chunkSize !== undefined && chunkSize < PART_SIZE_BYTES_MIN) {
    problem('chunkSize', `${chunkSize} bytes are less than a part of an upload may have; use 5MB or more`);
  }
}

const KEY_PAIRS = [
  ['accessKey', 'secretKey'],
  ['secretKey', 'accessKey'],
] as const;

const RULES = [
  'retentionWindow',
  'retentionKeepLast',
  'retentionKeepDaily',
  'retentionKeepWeekly',
  'retentionKeepMonthly',
] as const;

/** The settings, once nothing is wrong with the values. */
export function buildSettings(
  values: SettingValues,
  fixedPartitions: readonly FixedPartition[] | undefined,
  warnings: readonly string[],
): Settings {
  const { dataDirectory, enableBackup } = values;
  return {
    backup: backup(values),
    cluster: { ...cluster(values), ...(fixedPartitions === undefined ? {} : { fixedPartitions }) },
    dataDirectory,
    management: management(values),
    retention: retention(values),
    schedule: scheduleSettings(values),
    enableBackup,
    warnings: [...warnings, ...withoutEffect(values)],
  };
}

/** The texts have been read once; in another time zone they make sense as well. */
function scheduleSettings(values: SettingValues): ScheduleSettings {
  const { checkpointInterval } = values;
  const inZone = (text: string) => readSchedule(text, values.scheduleTimeZone).unwrapOr(null);
  return {
    schedule: inZone(values.schedule),
    checkpointSchedule: checkpointInterval === undefined ? null : inZone(`${checkpointInterval}ms`),
    cleanupSchedule: inZone(values.cleanupSchedule),
    idOffset: values.offset,
  };
}

/** What somebody may rely on, and which does nothing. */
function withoutEffect({ store, schedule, checkpointInterval, cleanupSchedule }: SettingValues): string[] {
  if (store !== 'NONE') return [];
  const set = { schedule, checkpointInterval: checkpointInterval?.toString(), cleanupSchedule };
  return (['schedule', 'checkpointInterval', 'cleanupSchedule'] as const)
    .filter((name) => !isNone(set[name]))
    .map((name) => `${SETTINGS[name].key}: it has no effect while ${SETTINGS.store.key} is NONE`);
}

function isNone(schedule: string | undefined): boolean {
  return schedule === undefined || schedule.toLowerCase() === 'none';
}

function retention(values: SettingValues): RetentionPolicy {
  return {
    keepWithinMs: values.retentionWindow,
    keepLast: values.retentionKeepLast,
    keepDaily: values.retentionKeepDaily,
    keepWeekly: values.retentionKeepWeekly,
    keepMonthly: values.retentionKeepMonthly,
    minimum: values.retentionMinimum,
  };
}

function backup(values: SettingValues): BackupStoreSettings {
  const { store, format, bucketName = '', filesystemBasePath = '', compression } = values;
  const { chunkSize: chunkSizeBytes, chunksInFlight } = values;
  const zeebe = { format: 'zeebe', compression, chunkSizeBytes, chunksInFlight } as const;
  const layout = {
    clusterId: values.clusterId ?? values.clusterName,
    chunkSizeBytes,
    chunksInFlight,
    maxBytesPerSecond: values.maxBytesPerSecond,
    compression: values.nativeCompression,
    readEverything: values.readEverything,
    encryptionKeys: values.encryptionKeys?.map((key) => hideSecrets({ ...key }, ['secret'])),
    encryptionKeyFiles: values.encryptionKeyFiles,
    heartbeatMs: values.heartbeat,
    staleAfterMs: values.staleAfter,
  };
  if (store === 'MEMORY') return format === 'zeebe' ? { store, ...zeebe } : { store, ...layout };
  if (store === 'FILESYSTEM') return { store, basePath: filesystemBasePath, ...layout };
  if (store !== 'S3') return { store: 'NONE' };
  const { endpoint, region, accessKey, secretKey, forcePathStyleAccess } = values;
  const place = {
    store,
    bucketName,
    basePath: values.s3BasePath,
    endpoint,
    region,
    accessKey,
    secretKey,
    forcePathStyleAccess,
    sse: values.sse,
    sseKmsKeyId: values.sseKmsKeyId,
    ssecKey: values.ssecKey,
    apiCallTimeoutMs: values.apiCallTimeout,
  };
  const s3 = format === 'zeebe' ? { ...place, ...zeebe } : { ...place, ...layout };
  return hideSecrets(s3, ['accessKey', 'secretKey', 'ssecKey']);
}

function cluster(values: SettingValues): ClusterSettings {
  const { nodeId, clusterSize, partitionsCount, replicationFactor, clusterId, clusterName } = values;
  return {
    nodeId,
    clusterSize,
    partitionsCount,
    replicationFactor,
    ...(clusterId === undefined ? {} : { clusterId }),
    ...(clusterName === undefined ? {} : { clusterName }),
  };
}

function management(values: SettingValues): ManagementSettings {
  const exposed = values.exposed.some((name) => name === '*' || name.toLowerCase() === 'backups');
  const { managementToken: token } = values;
  const settings = {
    enabled: exposed && (values.backupsEndpoint ?? values.backupsEndpointOld ?? true),
    port: values.managementPort,
    host: values.managementAddress,
    basePath: values.basePath,
    dialect: values.dialect,
    generateIds: values.generateIds ?? (!isNone(values.schedule) || values.checkpointInterval !== undefined),
    ...(token === undefined ? {} : { token }),
  };
  return hideSecrets(settings, ['token']);
}
