// Reads a manifest of any Zeebe from 8.1 on and believes nothing: every number and name is checked before it is used.
// As tolerant as Zeebe, and never stricter, but for file names: those must be one path component. Pure.
import { isInteger, LosslessNumber, parse, stringify } from 'lossless-json';
import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import { type BackupId, isFlatFileName, type Timestamp } from '../../core/backup.ts';
import { BackupCorrupt } from '../../core/errors.ts';
import { type CheckpointId, INT64_MAX, type LogPosition } from '../../core/ids.ts';
import { PARTITIONS_MAX } from '../../core/limits.ts';
import { isObjectKey } from '../../objects/object-key.ts';
import { shapeProblem } from '../tidemark/body-shapes.ts';
import { jsonText } from '../tidemark/lossless-text.ts';
import { fromDecimalSeconds, fromIsoText } from './instant.ts';
import { INT32_MAX } from './keys.ts';
import type { FileSet, Manifest, StoredAs } from './manifest.ts';

/** One more than any 64-bit number has. Longer ones are not even made one: that takes half a minute. */
const DIGITS_MAX = 20;

const whole = (max: bigint) =>
  z
    .instanceof(LosslessNumber)
    .refine(({ value }) => value.length <= DIGITS_MAX && isInteger(value), {
      error: 'expected a whole number',
      abort: true,
    })
    .transform(({ value }) => BigInt(value))
    .refine((value) => value >= 0n && value <= max, `expected a number in 0..${max}`);
const int32 = whole(BigInt(INT32_MAX)).transform(Number);
const int64 = whole(INT64_MAX);

const instant = z.union([z.instanceof(LosslessNumber), z.string()]).transform((given, context): Timestamp => {
  const read = typeof given === 'string' ? fromIsoText(given) : fromDecimalSeconds(given.value);
  if (read !== undefined) return read;
  context.addIssue('expected seconds since 1970, or an ISO-8601 instant');
  return z.NEVER;
});

const storedAs = z
  .object({ compressionAlgorithm: z.string().nullish() })
  .transform(
    ({ compressionAlgorithm }): StoredAs =>
      compressionAlgorithm === undefined || compressionAlgorithm === null ? {} : { compressionAlgorithm },
  );

/** An array of names is what Zeebe 8.1 wrote. */
const fileSet = z.union([
  z.array(z.string()).transform((names) => names.map((name): [string, StoredAs] => [name, {}])),
  z.object({ files: z.custom<object>(isPlainObject, 'expected an object') }).transform(({ files }, context) =>
    Object.entries(files).map(([name, given]): [string, StoredAs] => {
      const read = storedAs.safeParse(given);
      if (read.success) return [name, read.data];
      context.addIssue(`${JSON.stringify(name)}: ${shapeProblem(read.error)}`);
      return [name, {}];
    }),
  ),
]);

const manifestShape = z.object({
  statusCode: z.enum(['in_progress', 'completed', 'failed', 'deleted']),
  id: z.object({
    nodeId: int32,
    partitionId: int32,
    checkpointId: int64.transform((id) => id as CheckpointId),
  }),
  descriptor: z
    .object({
      snapshotId: z.string().nullish(),
      checkpointPosition: int64.transform((position) => position as LogPosition),
      numberOfPartitions: int32.refine(
        (count) => count > 0 && count <= PARTITIONS_MAX,
        `expected 1 to ${PARTITIONS_MAX}`,
      ),
      brokerVersion: z.string(),
    })
    .nullish(),
  failureReason: z.string().nullish(),
  snapshotFiles: fileSet.nullish(),
  snapshotFileNames: fileSet.nullish(),
  segmentFiles: fileSet.nullish(),
  segmentFileNames: fileSet.nullish(),
  createdAt: instant,
  modifiedAt: instant,
});

/** Reads the manifest of `id`. `object` names it in errors. */
export function parseManifest(
  bytes: Uint8Array,
  { object, id }: { readonly object: string; readonly id: BackupId },
): Result<Manifest, BackupCorrupt> {
  const corrupt = (detail: string, cause?: unknown) => err(new BackupCorrupt(object, detail, cause));
  let json: unknown;
  try {
    json = parse(jsonText(bytes));
  } catch (cause) {
    return corrupt('is no JSON', cause);
  }
  const shaped = manifestShape.safeParse(json);
  if (!shaped.success) return corrupt(shapeProblem(shaped.error));
  const { statusCode, createdAt, modifiedAt, failureReason, ...fields } = shaped.data;
  if (!isSameId(fields.id, id)) return corrupt('is the manifest of another backup');
  const descriptor = fields.descriptor ?? null;
  const isWhole = statusCode === 'in_progress' || statusCode === 'completed';
  if (isWhole && descriptor === null) return corrupt('descriptor: is missing');
  const snapshot = readFiles(fields.snapshotFiles ?? fields.snapshotFileNames);
  const segment = readFiles(fields.segmentFiles ?? fields.segmentFileNames);
  if (typeof snapshot === 'string') return corrupt(`snapshotFiles: ${snapshot}`);
  if (typeof segment === 'string') return corrupt(`segmentFiles: ${segment}`);
  if (isWhole && (snapshot === undefined || segment === undefined))
    return corrupt('a set of files is missing');
  const { descriptor: rawDescriptor } = json as { readonly descriptor?: object | null };
  return ok({
    statusCode,
    id,
    descriptor: descriptor && {
      ...descriptor,
      snapshotId: descriptor.snapshotId ?? null,
      ...otherFields(rawDescriptor ?? {}, descriptor),
    },
    files: { snapshot: snapshot ?? new Map(), segment: segment ?? new Map() },
    failureReason: failureReason ?? null,
    createdAt,
    modifiedAt,
    ...(rawDescriptor === undefined || rawDescriptor === null ? {} : { rawDescriptor }),
  });
}

/** What later versions say besides. Numbers keep the digits they were written with. */
function otherFields(raw: object, known: object): { readonly others?: string } {
  const others = Object.entries(raw).filter(([name]) => !Object.hasOwn(known, name) && name !== 'snapshotId');
  const text = others.length === 0 ? undefined : stringify(Object.fromEntries(others));
  return text === undefined ? {} : { others: text };
}

/** Looked at as it is: a record of zod would lose a file named __proto__. */
function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The set, or what is wrong with it. */
function readFiles(files: readonly [string, StoredAs][] | null | undefined): FileSet | string | undefined {
  const odd = files?.find(([name]) => !isFlatFileName(name) || !isObjectKey(name));
  if (odd !== undefined) return `${JSON.stringify(odd[0])} is not one path component`;
  const set = files ? new Map(files) : undefined;
  return set?.size === files?.length ? set : 'a name is there twice';
}

function isSameId(a: BackupId, b: BackupId): boolean {
  return a.checkpointId === b.checkpointId && a.partitionId === b.partitionId && a.nodeId === b.nodeId;
}
