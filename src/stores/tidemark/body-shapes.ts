// The shapes of the JSON bodies, as zod sees them. Unknown fields are dropped; numbers must be what they
// claim.
import { z } from 'zod';
import { isFlatFileName } from '../../core/backup.ts';
import { type CheckpointId, INT64_MAX, type LogPosition } from '../../core/ids.ts';
import { CHUNK_SIZE_BYTES_MAX, PARTITIONS_MAX, POINTS_PER_BACKUP_MAX } from '../../core/limits.ts';
import { isJsonObject } from './lossless-text.ts';

const int64 = z
  .union([z.int().nonnegative(), z.bigint().nonnegative().max(INT64_MAX)])
  .transform((value) => BigInt(value));
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');
const hex128 = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits');
const instant = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'expected an ISO-8601 instant');
const checkpointId = int64
  .refine((id) => id > 0n, 'expected 1 or more')
  .transform((id) => id as CheckpointId);
const position = int64.transform((value) => value as LogPosition);
const index = z.int().nonnegative();
const chunkSize = z.int().positive().max(CHUNK_SIZE_BYTES_MAX);

/** The one way in which this version encrypts. */
export const CIPHER = 'aes-256-gcm';

export const backupIdShape = z.object({
  checkpointId,
  partitionId: z.int().nonnegative(),
  nodeId: z.int().nonnegative(),
});

export const descriptorShape = z.object({
  snapshotId: z.string().nullable(),
  checkpointPosition: position,
  numberOfPartitions: z.int().positive().max(PARTITIONS_MAX),
  brokerVersion: z.string(),
  checkpoints: z
    .array(z.object({ checkpointId, position, timestamp: instant, type: z.enum(['backup', 'marker']) }))
    .max(POINTS_PER_BACKUP_MAX)
    .optional(),
  others: z.string().refine(isJsonObject, 'expected a JSON object as text').optional(),
});

/** The first line of a manifest. */
export const manifestHeadShape = z.object({
  clusterId: z.string().nullable(),
  id: backupIdShape,
  attempt: z.string(),
  descriptor: descriptorShape,
  createdAt: instant,
  completedAt: instant,
  base: z.string().nullable(),
  chunkSize,
  chunks: index,
  files: index,
  encryption: z.object({ cipher: z.literal(CIPHER), keyId: hex128, salt: hex128 }).nullish(),
});

export const manifestChunkShape = z.object({
  sha256,
  size: chunkSize,
  stored: z.int().positive(),
  codec: z.string(),
  name: sha256.optional(),
});

export const manifestFileShape = z.object({
  kind: z.enum(['snapshot', 'segment']),
  name: z.string().refine(isFlatFileName, 'expected one path component'),
  size: z.int().nonnegative(),
  version: z.string().optional(),
  digest: sha256,
  pieces: z.array(z.union([z.tuple([index, index, index]), z.tuple([index, index, index, sha256])])),
});

export const begunShape = z.object({ descriptor: descriptorShape });

export const failedShape = z.object({ reason: z.string(), descriptor: descriptorShape.nullable() });

export const holdShape = z.object({ reason: z.string(), heldAt: instant });

export const identityShape = z.object({ clusterId: z.string() });

/** What a zod error says, in one line. */
export function shapeProblem(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'is not valid' : `${issue.path.join('.') || 'the body'}: ${issue.message}`;
}
