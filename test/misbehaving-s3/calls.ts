// The calls of an object storage that a misbehaving server is asked for, each with what must be true when it says ok.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import type { BackupError } from '../../src/core/errors.ts';
import type { ObjectPage, ObjectStorage } from '../../src/ports/object-storage.ts';
import type { MisbehavingS3 } from '../../src/testkit/misbehaving-s3/misbehaving-s3.ts';
import type { S3Operation } from '../../src/testkit/misbehaving-s3/s3-request.ts';
import { sampleBytes } from '../../src/testkit/sample-backups.ts';

export interface Call {
  readonly name: string;
  /** The requests that are misbehaved to. The others of the call are served honestly. */
  readonly operation: S3Operation;
  /** Brings the bucket, or the storage, so far that the call can be made. */
  prepare?(storage: ObjectStorage, s3: MisbehavingS3): Promise<unknown>;
  run(storage: ObjectStorage, prepared: unknown): ResultAsync<unknown, BackupError>;
  /** Whether an ok tells the truth. */
  isTrue(value: unknown, s3: MisbehavingS3): boolean;
}

export const BODY = sampleBytes(3_000, 9);
/** Of the same size, so that only its bytes can tell. */
export const OTHER_BODY = sampleBytes(3_000, 10);
const PART = 2_000;
const LISTED = ['dir/a', 'dir/b', 'dir/c', 'dir/d', 'dir/e'];

/** What every bucket holds at first: one object beside each one that is asked for. */
export function seed({ bucket }: MisbehavingS3): void {
  bucket.put('there', BODY);
  bucket.put('other', OTHER_BODY);
  for (const key of LISTED) bucket.put(key, BODY.subarray(0, 100));
}

const isStored =
  (key: string) =>
  (_: unknown, { bucket }: MisbehavingS3) => {
    const stored = bucket.get(key)?.bytes;
    return stored !== undefined && Buffer.compare(stored, BODY) === 0;
  };

const isBytes = (expected: Uint8Array) => (value: unknown) =>
  Buffer.compare(value as Uint8Array, expected) === 0;

const isGone =
  (...keys: string[]) =>
  (_: unknown, { bucket }: MisbehavingS3) =>
    keys.every((key) => bucket.get(key) === undefined);

function listAll(storage: ObjectStorage, prefix: string): ResultAsync<string[], BackupError> {
  const step = (found: string[]): ResultAsync<string[], BackupError> => {
    const startAfter = found.at(-1);
    const page: ResultAsync<ObjectPage, BackupError> = storage.list(prefix, {
      limit: 2,
      ...(startAfter === undefined ? {} : { startAfter }),
    });
    return page.andThen(({ objects, truncated }) => {
      const all = [...found, ...objects.map(({ key }) => key)];
      return truncated ? step(all) : ok(all);
    });
  };
  return step([]);
}

async function startUpload(storage: ObjectStorage) {
  const started = await storage.startUpload('large', { partSizeBytes: PART });
  return started._unsafeUnwrap();
}

async function sendParts(storage: ObjectStorage) {
  const upload = await startUpload(storage);
  (await upload.part(1, BODY.subarray(PART)))._unsafeUnwrap();
  (await upload.part(0, BODY.subarray(0, PART)))._unsafeUnwrap();
  return upload;
}

type Upload = Awaited<ReturnType<typeof startUpload>>;

/** The ways a store calls its storage, in the order of the page. */
export const CALLS: readonly Call[] = [
  {
    name: 'put',
    operation: 'PutObject',
    run: (storage) => storage.put('new', BODY),
    isTrue: isStored('new'),
  },
  {
    name: 'create',
    operation: 'PutObject',
    run: (storage) => storage.put('new', BODY, { ifAbsent: true }),
    isTrue: isStored('new'),
  },
  {
    name: 'create again',
    operation: 'PutObject',
    // An ok would mean that it is new.
    run: (storage) =>
      storage
        .put('other', BODY, { ifAbsent: true })
        .map(() => 'created')
        .orElse(
          (error): Result<string, BackupError> =>
            error.name === 'ObjectAlreadyExists' ? ok('refused') : err(error),
        ),
    isTrue: (value, { bucket }) =>
      value === 'refused' && Buffer.compare(bucket.get('other')?.bytes ?? BODY, OTHER_BODY) === 0,
  },
  {
    name: 'get',
    operation: 'GetObject',
    run: (storage) => storage.get('there'),
    isTrue: isBytes(BODY),
  },
  {
    name: 'range',
    operation: 'GetObject',
    run: (storage) => storage.get('there', { range: { start: 1_000, length: 50 } }),
    isTrue: isBytes(BODY.subarray(1_000, 1_050)),
  },
  {
    name: 'head',
    operation: 'HeadObject',
    run: (storage) => storage.head('there'),
    isTrue: (value) => (value as { sizeBytes: number }).sizeBytes === BODY.byteLength,
  },
  {
    name: 'list',
    operation: 'ListObjectsV2',
    run: (storage) => listAll(storage, 'dir/'),
    isTrue: (value) => JSON.stringify(value) === JSON.stringify(LISTED),
  },
  {
    name: 'delete',
    operation: 'DeleteObjects',
    run: (storage) => storage.delete(['dir/a', 'dir/e']),
    isTrue: isGone('dir/a', 'dir/e'),
  },
  {
    name: 'delete one by one',
    operation: 'DeleteObject',
    run: (storage) => storage.delete(['dir/a', 'dir/e']),
    isTrue: isGone('dir/a', 'dir/e'),
  },
  {
    name: 'start upload',
    operation: 'CreateMultipartUpload',
    run: (storage) => storage.startUpload('large', { partSizeBytes: PART }),
    isTrue: (_, { bucket }) => bucket.uploads.size > 0,
  },
  {
    name: 'part',
    operation: 'UploadPart',
    prepare: startUpload,
    run: (_, upload) => (upload as Upload).part(0, BODY.subarray(0, PART)),
    isTrue: (_, { bucket }) =>
      [...bucket.uploads.values()].some(({ parts }) => parts.get(1)?.byteLength === PART),
  },
  {
    name: 'complete',
    operation: 'CompleteMultipartUpload',
    prepare: sendParts,
    run: (_, upload) => (upload as Upload).complete(),
    isTrue: isStored('large'),
  },
  {
    name: 'abort',
    operation: 'AbortMultipartUpload',
    prepare: sendParts,
    run: (_, upload) => (upload as Upload).abort(),
    isTrue: (value, { bucket }) =>
      // A start that was tried again leaves an empty one, whichever call is under test.
      [...bucket.uploads.values()].every(({ parts }) => parts.size === 0) &&
      isGone('large')(value, { bucket } as MisbehavingS3),
  },
];
