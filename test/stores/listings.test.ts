// Listings of both layouts over the same copies: which rows come, in which order, and where the next page begins.
import { describe, expect, it } from 'vitest';
import type { BackupId } from '../../src/core/backup.ts';
import { checkpointId } from '../../src/core/ids.ts';
import type { BackupQuery, BackupStore } from '../../src/ports/backup-store.ts';
import { markerKey } from '../../src/stores/tidemark/keys.ts';
import { nativePlace, STALE } from './native-place.ts';
import { zeebePlace } from './zeebe/zeebe-place.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const attempt = { text: '1-1000-0000000a', term: 1n, startedAtMs: 1_000 };

/** Partition 10 sorts before 2 as text, and checkpoint 9 behind 10. */
const COPIES: readonly BackupId[] = [10, 9, 2].flatMap((id) =>
  [10, 2, 1].flatMap((partitionId) =>
    [1, 0].map((nodeId) => ({ checkpointId: checkpointId(id), partitionId, nodeId })),
  ),
);
const all = [10, 9, 2].flatMap((id) =>
  [1, 2, 10].flatMap((partition) => [0, 1].map((node) => `${id}/${partition}/${node}`)),
);

const PLACES: Record<string, () => Promise<BackupStore>> = {
  async native() {
    const { memory, node } = nativePlace();
    for (const id of COPIES) await memory.put(markerKey('completed', id, attempt), new Uint8Array(1));
    return node().store;
  },
  async "Zeebe's"() {
    const { put, node } = zeebePlace();
    for (const [nth, { checkpointId: checkpoint, partitionId, nodeId }] of COPIES.entries()) {
      const id = `"id":{"nodeId":${nodeId},"partitionId":${partitionId},"checkpointId":${checkpoint}}`;
      const root = nth % 2 === 0 ? '' : 'manifests/';
      await put(
        `${root}${partitionId}/${checkpoint}/${nodeId}/manifest.json`,
        `{"statusCode":"completed",${id},"descriptor":{"snapshotId":null,"checkpointPosition":1,"numberOfPartitions":10,` +
          '"brokerVersion":"8.6.0"},"snapshotFiles":{"files":{}},"segmentFiles":{"files":{}},"createdAt":1.5,"modifiedAt":1.5}',
      );
    }
    return node().store;
  },
};

describe.each(Object.keys(PLACES))('a listing of the %s layout', (name) => {
  const list = async (query: BackupQuery) => {
    const store = await (PLACES[name] as () => Promise<BackupStore>)();
    const { backups, next } = (await store.list(query))._unsafeUnwrap();
    return [backups.map(({ id }) => `${id.checkpointId}/${id.partitionId}/${id.nodeId}`), next];
  };
  const of = (pattern: RegExp) => all.filter((row) => pattern.test(row));

  it.each<[BackupQuery, RegExp, bigint | undefined]>([
    [{}, /./, undefined],
    [{ limit: 3 }, /./, undefined],
    [{ limit: 2 }, /^(10|9)\//, 9n],
    [{ limit: 1 }, /^10\//, 10n],
    [{ before: checkpointId(10) }, /^(9|2)\//, undefined],
    [{ before: checkpointId(11) }, /./, undefined],
    [{ before: checkpointId(9), limit: 1 }, /^2\//, undefined],
    [{ before: checkpointId(10), limit: 1 }, /^9\//, 9n],
    [{ before: checkpointId(2) }, /^$/, undefined],
    [{ checkpointId: checkpointId(9) }, /^9\//, undefined],
    [{ checkpointId: checkpointId(9), before: checkpointId(10) }, /^9\//, undefined],
    [{ checkpointId: checkpointId(9), before: checkpointId(9) }, /^$/, undefined],
    [{ checkpointId: checkpointId(3) }, /^$/, undefined],
    [{ partitionId: 1 }, /^\d+\/1\//, undefined],
    [{ partitionId: 10, limit: 1 }, /^10\/10\//, 10n],
    [{ partitionId: 3 }, /^$/, undefined],
    [{ nodeId: 1 }, /\/1$/, undefined],
    [{ partitionId: 2, nodeId: 0 }, /\/2\/0$/, undefined],
    [{ checkpointId: checkpointId(9), partitionId: 2 }, /^9\/2\//, undefined],
    [{ checkpointId: checkpointId(9), nodeId: 1 }, /^9\/.*\/1$/, undefined],
    [{ checkpointId: checkpointId(9), partitionId: 2, nodeId: 1 }, /^9\/2\/1$/, undefined],
    [{ checkpointId: checkpointId(9), partitionId: 2, nodeId: 1, before: checkpointId(9) }, /^$/, undefined],
    [
      { checkpointId: checkpointId(9), partitionId: 2, nodeId: 1, before: checkpointId(10) },
      /^9\/2\/1$/,
      undefined,
    ],
    [{ checkpointId: checkpointId(9), partitionId: 2, nodeId: 7 }, /^$/, undefined],
  ])('for %o holds what matches %s, and goes on at %s', async (query, pattern, next) => {
    expect(await list(query)).toEqual([of(pattern), next]);
  });
});

describe('a row of the native layout', () => {
  const id = { checkpointId: checkpointId(7), partitionId: 1, nodeId: 0 };
  const descriptor = '{"snapshotId":"s","checkpointPosition":5,"numberOfPartitions":3,"brokerVersion":"v"}';
  const row = async (objects: Record<string, string>, waitMs = 0, query: BackupQuery = { details: true }) => {
    const { memory, node, clock } = nativePlace();
    for (const [kind, body] of Object.entries(objects))
      await memory.put(markerKey(kind as 'begun', id, attempt), utf8(body));
    await clock.advance(waitMs);
    return (await node().store.list(query)).map(({ backups }) => backups[0]);
  };

  it('that runs tells its descriptor, and where it is broken only that it runs', async () => {
    const known = { id, statusCode: 'IN_PROGRESS' };
    expect((await row({ begun: `{"format":1,"descriptor":${descriptor}}` }))._unsafeUnwrap()).toMatchObject({
      ...known,
      descriptor: { snapshotId: 's' },
    });
    for (const body of ['', '{', '{"format":2}', '{"format":1}', '{"format":1,"descriptor":null}']) {
      const read = (await row({ begun: body }))._unsafeUnwrap();
      expect(read).toMatchObject(known);
      expect(read).not.toHaveProperty('descriptor');
      expect(read).not.toHaveProperty('failureReason');
    }
  });

  it('that fell silent says for how long', async () => {
    const body = `{"format":1,"descriptor":${descriptor}}`;
    const read = (await row({ begun: body }, STALE + 5))._unsafeUnwrap();
    expect(read).toMatchObject({ statusCode: 'FAILED', descriptor: { snapshotId: 's' } });
    expect(read?.failureReason).toContain(`for ${STALE + 5} ms (limit ${STALE} ms)`);
    expect((await row({ begun: body }, STALE))._unsafeUnwrap()?.statusCode).toBe('IN_PROGRESS');
  });

  it('that failed tells why, and where it is broken that it is', async () => {
    const read = async (body: string) => (await row({ failed: body }))._unsafeUnwrap();
    expect(await read(`{"format":1,"reason":"why","descriptor":${descriptor}}`)).toMatchObject({
      statusCode: 'FAILED',
      failureReason: 'why',
      descriptor: { brokerVersion: 'v' },
    });
    const plain = await read('{"format":1,"reason":"why","descriptor":null}');
    expect(plain?.failureReason).toBe('why');
    expect(plain).not.toHaveProperty('descriptor');
    expect((await read('{'))?.failureReason).toContain('is no JSON');
    expect((await read('{"format":1}'))?.failureReason).toContain('reason');
    expect((await read('{"format":2}'))?.failureReason).toContain('format=2');
    const asked = { details: true, checkpointId: id.checkpointId };
    expect((await row({ failed: '{' }, 0, asked))._unsafeUnwrap()?.statusCode).toBe('FAILED');
  });

  it('that completed and is damaged is COMPLETED in a listing, and an error to who asks for it', async () => {
    expect((await row({ completed: '{' }))._unsafeUnwrap()).toMatchObject({ statusCode: 'COMPLETED' });
    expect((await row({ completed: '{' }))._unsafeUnwrap()).not.toHaveProperty('failureReason');
    const asked = { details: true, checkpointId: id.checkpointId };
    expect((await row({ completed: '{' }, 0, asked))._unsafeUnwrapErr().name).toBe('BackupCorrupt');
  });
});
