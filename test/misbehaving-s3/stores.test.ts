// Whole backup stores on a server that misbehaves, in both layouts: no save, reading, listing, deleting or verifying
// says ok when it is not, and no backup ever reads as COMPLETED that is not whole.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BackupError } from '../../src/core/errors.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { RetryingStorage } from '../../src/objects/retrying-storage.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ZeebeBackupStore } from '../../src/stores/zeebe/zeebe-backup-store.ts';
import { answerFaults } from '../../src/testkit/misbehaving-s3/answer-faults.ts';
import { bodyFaults } from '../../src/testkit/misbehaving-s3/body-faults.ts';
import { connectionFaults } from '../../src/testkit/misbehaving-s3/connection-faults.ts';
import { listingFaults } from '../../src/testkit/misbehaving-s3/listing-faults.ts';
import {
  type MisbehavingS3,
  type S3Match,
  startMisbehavingS3,
} from '../../src/testkit/misbehaving-s3/misbehaving-s3.ts';
import type { S3Behaviour } from '../../src/testkit/misbehaving-s3/s3-behaviour.ts';
import { assertSameBackup } from '../../src/testkit/sample-backups.ts';
import { expectOnPage } from '../support/testing-page.ts';
import { clientOf } from './client.ts';
import { HurriedClock } from './hurried-clock.ts';
import { expectNothingUnhandled } from './nothing-unhandled.ts';
import { DAMAGE_TOLD, FLOWS, type Flow, NEW, STORED, states } from './store-flows.ts';

const LONG_MS = 120_000;
const STALL_MS = 300;
const LAYOUTS = ['native', 'Zeebe'] as const;
type Layout = (typeof LAYOUTS)[number];

interface StoreRow {
  readonly behaviour: S3Behaviour;
  readonly to: S3Match;
  readonly stalls?: true;
  /** What a layout cannot know better of, as `<layout> <flow>`. */
  readonly unnoticed?: readonly string[];
}

/** The objects with the files' bytes, in either layout. */
const isContent = (key: string) => /\/chunks\/|\/(snapshot|segments)\//.test(key);
/** Zeebe's layout keeps no digest of what is not compressed, so the same number of other bytes is the same to it. */
const NO_DIGEST = ['Zeebe open and read', 'Zeebe verify'];

const ROWS: readonly StoreRow[] = [
  { behaviour: connectionFaults.hang(), to: '*', stalls: true },
  { behaviour: connectionFaults.hangInBody(), to: ['GetObject', 'ListObjectsV2'], stalls: true },
  { behaviour: connectionFaults.resetAfterCommit(), to: '*' },
  { behaviour: connectionFaults.resetInBody(), to: ['GetObject', 'ListObjectsV2'] },
  { behaviour: connectionFaults.closeAfterAnswer(), to: '*' },
  { behaviour: answerFaults.slowDown(), to: '*' },
  { behaviour: answerFaults.errorAfterCommit(), to: '*' },
  { behaviour: answerFaults.okWithError(), to: '*' },
  { behaviour: answerFaults.okAndEmpty(), to: '*' },
  { behaviour: answerFaults.webPage(), to: '*' },
  { behaviour: answerFaults.webPage({ asFile: true }), to: '*' },
  { behaviour: answerFaults.webPage({ status: 404 }), to: '*' },
  { behaviour: answerFaults.redirectToPage(), to: '*' },
  { behaviour: answerFaults.error(403, 'AccessDenied'), to: '*' },
  { behaviour: answerFaults.error(404, 'NoSuchBucket'), to: '*' },
  { behaviour: answerFaults.ignoreCondition(), to: 'PutObject' },
  { behaviour: answerFaults.refuseCondition(), to: '*' },
  { behaviour: answerFaults.conditionConflict(), to: '*' },
  { behaviour: answerFaults.refuseChecksums(), to: '*' },
  { behaviour: answerFaults.deleteErrors('AccessDenied'), to: 'DeleteObjects' },
  { behaviour: answerFaults.skewedDate(86_400_000), to: '*' },
  { behaviour: bodyFaults.cut(), to: 'GetObject' },
  { behaviour: bodyFaults.padded(), to: 'GetObject' },
  { behaviour: bodyFaults.unframed(), to: 'GetObject' },
  { behaviour: bodyFaults.chunkedAndCut(), to: 'GetObject' },
  { behaviour: bodyFaults.gzip(), to: '*' },
  {
    behaviour: bodyFaults.announceLess(),
    to: ({ operation, key }) => operation === 'GetObject' && isContent(key),
  },
  {
    behaviour: named('one bit of a file changed', bodyFaults.flippedBit()),
    to: ({ operation, key }) => operation === 'GetObject' && isContent(key),
    unnoticed: NO_DIGEST,
  },
  {
    behaviour: otherContent(),
    to: ({ operation, key }) => operation === 'GetObject' && isContent(key),
    unnoticed: NO_DIGEST,
  },
  { behaviour: bodyFaults.keepHalf(), to: 'PutObject' },
  { behaviour: listingFaults.emptyPageWithToken(), to: '*' },
  { behaviour: listingFaults.emptyForEver(), to: '*' },
  { behaviour: listingFaults.withoutTruncation(), to: '*' },
  { behaviour: listingFaults.unsorted(), to: '*' },
  { behaviour: listingFaults.ignorePrefix(), to: '*' },
  { behaviour: listingFaults.cutXml(), to: '*' },
  { behaviour: listingFaults.lastModified(undefined), to: '*' },
  {
    behaviour: named(
      'leaves everything out of listings',
      listingFaults.late(() => true),
    ),
    to: '*',
    // Both layouts ask for consistent listings: what is not listed is not there.
    unnoticed: ['native list', 'Zeebe list', 'native delete', 'Zeebe delete'],
  },
];

function named(name: string, { act }: S3Behaviour): S3Behaviour {
  return { name, act };
}

/** The body of another file of the same size, where there is one. */
function otherContent(): S3Behaviour {
  return {
    name: "another file's body",
    async act(exchange) {
      const { key } = exchange.request;
      const size = exchange.bucket.get(key)?.bytes.byteLength;
      const isOther = (other: string) =>
        other !== key && isContent(other) && exchange.bucket.get(other)?.bytes.byteLength === size;
      await bodyFaults.otherObject(exchange.bucket.keys().find(isOther) ?? 'nothing').act(exchange);
    },
  };
}

function storeOver(storage: ObjectStorage, layout: Layout): BackupStore {
  return layout === 'native'
    ? new TidemarkBackupStore({ storage }, { clusterId: 'a', chunkSizeBytes: 1_000 })
    : new ZeebeBackupStore({ storage });
}

/** A store on what the server has now, without the server. */
async function readerOf({ bucket }: MisbehavingS3, layout: Layout): Promise<BackupStore> {
  const memory = new MemoryObjectStorage({ clock: systemClock });
  for (const key of bucket.keys())
    (await memory.put(key, bucket.get(key)?.bytes ?? new Uint8Array()))._unsafeUnwrap();
  return storeOver(memory, layout);
}

function openStore(s3: MisbehavingS3, layout: Layout, attemptTimeoutMs = LONG_MS): BackupStore {
  const storage = new RetryingStorage(
    {
      storage: clientOf(s3, { idleTimeoutMs: LONG_MS, attemptTimeoutMs }),
      clock: new HurriedClock(LONG_MS),
      random: { fraction: () => 0.5 },
    },
    { apiCallTimeoutMs: LONG_MS },
  );
  return storeOver(storage, layout);
}

/** What each layout has stored of the first backup, so that not every case saves it anew. */
const stored: Record<Layout, Map<string, Uint8Array>> = { native: new Map(), Zeebe: new Map() };
/** How many requests an honest save takes. */
const requestsOfSave: Record<Layout, number> = { native: 0, Zeebe: 0 };

async function withServer<T>(layout: Layout, use: (s3: MisbehavingS3) => Promise<T>): Promise<T> {
  const s3 = await startMisbehavingS3({ clock: systemClock });
  for (const [key, bytes] of stored[layout]) s3.bucket.put(key, bytes);
  try {
    return await use(s3);
  } finally {
    await s3.close();
  }
}

beforeAll(async () => {
  for (const layout of LAYOUTS) {
    await withServer(layout, async (s3) => {
      const store = openStore(s3, layout);
      (await store.save(STORED))._unsafeUnwrap();
      for (const key of s3.bucket.keys())
        stored[layout].set(key, s3.bucket.get(key)?.bytes ?? new Uint8Array());
      await store.close();
    });
    await withServer(layout, async (s3) => {
      const store = openStore(s3, layout);
      (await store.save(NEW))._unsafeUnwrap();
      requestsOfSave[layout] = s3.requests.length;
      await store.close();
    });
  }
});

expectNothingUnhandled();

/** Whatever happened: what reads as COMPLETED is whole. */
async function assertNoLie(store: BackupStore, saveIsOver: boolean): Promise<void> {
  const found = (await states(store))._unsafeUnwrap();
  for (const backup of [STORED, NEW]) {
    if (found.includes(`${backup.id.checkpointId} COMPLETED`))
      await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
  }
  if (saveIsOver) expect(found).toContain('1 COMPLETED');
}

async function run(row: StoreRow, flow: Flow, layout: Layout): Promise<string> {
  return withServer(layout, async (s3) => {
    const store = openStore(s3, layout, row.stalls ? STALL_MS : LONG_MS);
    try {
      s3.behave(row.to, row.behaviour);
      const result = await flow.run(store);
      const reader = await readerOf(s3, layout);
      await assertNoLie(reader, flow.name === 'save');
      if (result.isErr()) {
        expect(result.error).toBeInstanceOf(BackupError);
        return result.error.name;
      }
      if (result.value === DAMAGE_TOLD) return 'tells of damage';
      const lie = await flow.assertTrue(result.value, reader).then(
        () => undefined,
        (cause: Error) => cause,
      );
      if (lie === undefined) return 'ok';
      expect(row.unnoticed, `${layout} ${flow.name}: ${lie.message}`).toBeDefined();
      expect(row.unnoticed).toContain(`${layout} ${flow.name}`);
      return 'not noticed';
    } finally {
      await store.close();
    }
  });
}

const lines = new Map<StoreRow, string>();

describe('whole stores', () => {
  it.each(ROWS.map((row) => [row.behaviour.name, row] as const))('%s', async (_, row) => {
    const cells = await Promise.all(
      FLOWS.map(async (flow) => {
        const [native, zeebe] = await Promise.all(LAYOUTS.map((layout) => run(row, flow, layout)));
        return native === zeebe ? native : `${native} / ${zeebe}`;
      }),
    );
    lines.set(row, `| ${row.behaviour.name} | ${cells.join(' | ')} |`);
  });

  afterAll(() => {
    if (lines.size < ROWS.length) return;
    const names = FLOWS.map(({ name }) => name);
    const head = `| the server | ${names.join(' | ')} |\n| --- |${' --- |'.repeat(names.length)}`;
    expectOnPage('misbehaving-s3-stores', [head, ...ROWS.map((row) => lines.get(row))].join('\n'));
  });
});

describe.each(LAYOUTS)('a save in the %s layout', (layout) => {
  const behaviours: readonly (readonly [S3Behaviour, times: number | undefined])[] = [
    [bodyFaults.keepHalf(), 1],
    [bodyFaults.keepHalf(), undefined],
    [answerFaults.errorAfterCommit(), undefined],
    [answerFaults.webPage({ asFile: true }), undefined],
  ];
  it.each(
    behaviours.map(
      ([behaviour, times]) => [behaviour.name, times === 1 ? 'at' : 'from', behaviour, times] as const,
    ),
  )('on a server that %s %s any request', async (_, __, behaviour, times) => {
    for (let index = 0; index < requestsOfSave[layout]; index += 1) {
      await withServer(layout, async (s3) => {
        const store = openStore(s3, layout);
        const begin = s3.requests.length;
        s3.behave(() => s3.requests.length > begin + index, behaviour, times);
        const saved = await store.save(NEW);
        const reader = await readerOf(s3, layout);
        await assertNoLie(reader, true);
        if (saved.isOk()) await FLOWS[0]?.assertTrue(undefined, reader);
        await store.close();
      });
    }
  });
});
