// Every object of a bucket that a real Zeebe wrote: missing, cut, and with sampled bytes flipped. `verify` must find
// it, or it must be among what a restore makes good, with the reason. Runs only when ZEEBE_FIXTURES names the
// directory with the bucket's archive.
import { describe, expect, it } from 'vitest';
import { verifyBackup } from '../../src/cli/verify/verify-backup.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { ZeebeBackupStore } from '../../src/stores/zeebe/zeebe-backup-store.ts';
import { verifyPartition } from '../../src/zeebe/verify-partition.ts';
import { fixtureObjects } from './fixture-bucket.ts';

const { ZEEBE_FIXTURES } = process.env;
const FLIPS = 24;

if (ZEEBE_FIXTURES === undefined) {
  process.stderr.write('compat: NOT RUN on damaged copies of a real bucket: ZEEBE_FIXTURES not set\n');
}

/** What the flip, cut or loss does not harm, and why. */
function harmless(key: string, bytes: Buffer, at: number, isCut: boolean): string | undefined {
  if (key.endsWith('.log') && isCut && bytes.subarray(at).every((byte) => byte === 0)) {
    return 'a restore fills a segment up with zeros to its full size';
  }
  if (key.endsWith('.checksum')) {
    const line = bytes.subarray(bytes.lastIndexOf('\n', at - 1) + 1, at + 1).toString();
    if (line.startsWith(';') && !isCut) return 'a comment';
    if (at === bytes.length - 1) return 'the end of the last line';
  }
  if (key.endsWith('manifest.json') && !isCut) {
    const [field = ''] =
      bytes
        .subarray(0, at)
        .toString()
        .match(/"\w+":"?[^":{}]*$/) ?? [];
    if (/^"(createdAt|modifiedAt|brokerVersion)"/.test(field)) return 'a time, or the free text of a version';
  }
  return undefined;
}

describe.runIf(ZEEBE_FIXTURES !== undefined)('damage to a real bucket', () => {
  it.each([1, 2])('is found in backup %i', { timeout: 600_000 }, async (id) => {
    const objects = await fixtureObjects(ZEEBE_FIXTURES ?? '', 'bucket-8.6.0');
    const counts = { tried: 0, found: 0, harmless: 0 };
    for (const partition of [1, 2, 3]) {
      const ofCopy = [...objects].filter(([key]) => key.startsWith(`${partition}/${id}/`));
      const storage = new MemoryObjectStorage({ clock: systemClock });
      const store = new ZeebeBackupStore({ storage });
      for (const [key, bytes] of ofCopy) (await storage.put(key, bytes))._unsafeUnwrap();
      const isFound = async () => {
        const verified = await verify(store, id);
        if (verified.isErr()) return verified.error.name === 'BackupNotFound';
        return verified.value.copies.some(
          ({ partitionId, state, findings }) =>
            partitionId === partition && (state !== 'COMPLETED' || findings.length > 0),
        );
      };
      expect(await isFound()).toBe(false);
      for (const [key, bytes] of ofCopy) {
        for (const { at, how, changed } of damages(bytes)) {
          if (changed === undefined) (await storage.delete([key]))._unsafeUnwrap();
          else (await storage.put(key, changed))._unsafeUnwrap();
          const found = await isFound();
          const excuse = how === 'missing' ? undefined : harmless(key, bytes, at, how === 'cut');
          expect(found || excuse !== undefined, `${key} ${how} at ${at}`).toBe(true);
          counts.tried += 1;
          counts[found ? 'found' : 'harmless'] += 1;
        }
        (await storage.put(key, bytes))._unsafeUnwrap();
      }
    }
    process.stdout.write(`backup ${id}: ${JSON.stringify(counts)}\n`);
  });
});

function* damages(bytes: Buffer) {
  yield { at: 0, how: 'missing', changed: undefined } as const;
  for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1]) {
    yield { at, how: 'cut', changed: bytes.subarray(0, at) } as const;
  }
  for (let nth = 0; nth <= FLIPS; nth += 1) {
    const at = Math.min(bytes.length - 1, Math.floor((nth * bytes.length) / FLIPS));
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (nth % 8));
    yield { at, how: 'changed', changed } as const;
  }
}

function verify(store: ZeebeBackupStore, id: number) {
  return verifyBackup(
    store,
    (backup, options) => verifyPartition(backup, options).map(({ findings }) => findings),
    { checkpointId: checkpointId(id), partitionsCount: 3, signal: new AbortController().signal },
  );
}
