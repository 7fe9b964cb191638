// What a store's settings must be. Pure: finds all problems at once, with the setting's name in each.

import { InvalidConfiguration } from '../core/errors.ts';
import {
  API_CALL_TIMEOUT_MS,
  CHUNK_SIZE_BYTES,
  CHUNK_SIZE_BYTES_MAX,
  CHUNKS_IN_FLIGHT,
  HEARTBEAT_INTERVAL_MS,
  PART_SIZE_BYTES,
  PART_SIZE_BYTES_MIN,
  STALE_AFTER_MS,
} from '../core/limits.ts';
import type {
  BasePathSettings,
  EncryptionKey,
  FilesystemBackupStoreSettings,
  LayoutSettings,
  S3PlaceSettings,
  ZeebeLayoutSettings,
} from './backup-store-settings.ts';
import { keyPrefixFlaw } from './key-prefix-flaw.ts';
import { isKeyOf32Bytes, s3EncryptionFlaws } from './s3-encryption-flaws.ts';
import { isKeyId } from './tidemark/keys.ts';
import type { LayoutValues } from './tidemark/layout.ts';
import type { ZeebeLayoutValues } from './zeebe/layout.ts';

/** The layout's values with defaults. Throws InvalidConfiguration with every problem of the settings. */
export function layoutValues(settings: LayoutSettings, otherProblems: readonly string[] = []): LayoutValues {
  const values = {
    clusterId: settings.clusterId,
    chunkSizeBytes: settings.chunkSizeBytes ?? CHUNK_SIZE_BYTES,
    chunksInFlight: settings.chunksInFlight ?? CHUNKS_IN_FLIGHT,
    maxBytesPerSecond: settings.maxBytesPerSecond,
    compression: settings.compression ?? 'none',
    readEverything: settings.readEverything ?? false,
    heartbeatMs: settings.heartbeatMs ?? HEARTBEAT_INTERVAL_MS,
    staleAfterMs: settings.staleAfterMs ?? STALE_AFTER_MS,
    encryptionKeys: (settings.encryptionKeys ?? []).map(({ id, secret }) => ({
      id,
      // JavaScript callers may leave it out.
      secret: Buffer.from(String(secret), 'base64'),
    })),
  } as const;
  const problems = [...otherProblems, ...encryptionKeyProblems(settings.encryptionKeys ?? [])];
  const { clusterId, chunkSizeBytes, chunksInFlight, maxBytesPerSecond, compression } = values;
  const { heartbeatMs, staleAfterMs, readEverything } = values;
  if (clusterId !== undefined && clusterId.trim() === '') problems.push('clusterId must not be empty');
  if (!isWhole(chunkSizeBytes, 1, CHUNK_SIZE_BYTES_MAX)) {
    problems.push(
      `chunkSizeBytes must be a whole number in 1..${CHUNK_SIZE_BYTES_MAX}, got ${chunkSizeBytes}`,
    );
  }
  if (!isWhole(chunksInFlight, 1, 1_000)) {
    problems.push(`chunksInFlight must be a whole number in 1..1000, got ${chunksInFlight}`);
  }
  if (maxBytesPerSecond !== undefined && !isWhole(maxBytesPerSecond, 1)) {
    problems.push(`maxBytesPerSecond must be a whole number above 0, got ${maxBytesPerSecond}`);
  }
  if (compression !== 'auto' && compression !== 'none') {
    problems.push(`compression must be auto or none, got ${String(compression)}`);
  }
  if (settings.encryptionKeyFiles !== undefined) {
    problems.push('encryptionKeyFiles are read by openBackupStore alone; use it, or give encryptionKeys');
  }
  if (typeof readEverything !== 'boolean') {
    problems.push(`readEverything must be true or false, got ${String(readEverything)}`);
  }
  if (!isWhole(heartbeatMs, 1))
    problems.push(`heartbeatMs must be a whole number above 0, got ${heartbeatMs}`);
  if (!isWhole(staleAfterMs, 2 * heartbeatMs)) {
    problems.push(`staleAfterMs must be at least twice heartbeatMs (${heartbeatMs}), got ${staleAfterMs}`);
  }
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  return values;
}

/** What is wrong with keys. Never repeats a secret. */
export function encryptionKeyProblems(keys: readonly EncryptionKey[]): string[] {
  const problems = keys.flatMap(({ id, secret }, at) => {
    const which = `encryptionKeys[${at}]`;
    const flaws: string[] = [];
    if (!isKeyId(id))
      flaws.push(`${which}.id must have 1 to 63 of a-z 0-9 . _ - and begin with one of a-z 0-9`);
    if (!isKeyOf32Bytes(String(secret))) {
      flaws.push(
        `${which}.secret must be 32 random bytes in base64, as 'openssl rand -base64 32' prints them`,
      );
    }
    return flaws;
  });
  const ids = new Set(keys.map(({ id }) => id));
  return ids.size === keys.length ? problems : [...problems, 'encryptionKeys must have different ids'];
}

/** The values of Zeebe's layout with defaults. Throws InvalidConfiguration with every problem of the settings. */
export function zeebeLayoutValues(
  settings: ZeebeLayoutSettings,
  otherProblems: readonly string[] = [],
): ZeebeLayoutValues {
  const values = {
    compression: settings.compression ?? 'none',
    chunkSizeBytes: settings.chunkSizeBytes ?? PART_SIZE_BYTES,
    chunksInFlight: settings.chunksInFlight ?? CHUNKS_IN_FLIGHT,
  } as const;
  const problems = [...otherProblems];
  const { compression, chunkSizeBytes, chunksInFlight } = values;
  if (compression !== 'zstd' && compression !== 'none') {
    problems.push(`compression must be zstd or none, got ${String(compression)}`);
  }
  if (!isWhole(chunkSizeBytes, PART_SIZE_BYTES_MIN, CHUNK_SIZE_BYTES_MAX)) {
    const range = `${PART_SIZE_BYTES_MIN}..${CHUNK_SIZE_BYTES_MAX}`;
    problems.push(`chunkSizeBytes must be a whole number in ${range}, got ${chunkSizeBytes}`);
  }
  if (!isWhole(chunksInFlight, 1, 1_000)) {
    problems.push(`chunksInFlight must be a whole number in 1..1000, got ${chunksInFlight}`);
  }
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  return values;
}

export function s3Problems(settings: S3PlaceSettings): string[] {
  const problems = basePathProblems(settings);
  // JavaScript callers may leave out what the types ask for.
  if (!settings.bucketName?.trim()) problems.push('bucketName must name the bucket of the backups');
  if ((settings.accessKey === undefined) !== (settings.secretKey === undefined)) {
    problems.push('accessKey and secretKey must both be set or both be absent');
  }
  if (settings.endpoint !== undefined && !/^https?:\/\/[^/]+/.test(settings.endpoint)) {
    // What may hold a password or a signature is not repeated.
    const got = /[@?#]/.test(settings.endpoint) ? '' : `, got '${settings.endpoint}'`;
    problems.push(`endpoint must be an http or https URL${got}`);
  }
  problems.push(...s3EncryptionFlaws(settings).map(({ name, detail }) => `${name} ${detail}`));
  const { apiCallTimeoutMs = API_CALL_TIMEOUT_MS } = settings;
  if (!isWhole(apiCallTimeoutMs, 1)) {
    problems.push(`apiCallTimeoutMs must be a whole number above 0, got ${apiCallTimeoutMs}`);
  }
  return problems;
}

export function filesystemProblems({ basePath }: FilesystemBackupStoreSettings): string[] {
  return basePath?.trim() ? [] : ['basePath must name the directory of the backups'];
}

/** A base path of keys: refused rather than mended, for a mended one would not be found with other tools. */
export function basePathProblems({ basePath }: BasePathSettings): string[] {
  if (basePath === undefined) return [];
  const flaw = keyPrefixFlaw(basePath);
  return flaw === undefined ? [] : [`basePath must be parts joined by '/': ${flaw}, got '${basePath}'`];
}

function isWhole(value: number, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}
