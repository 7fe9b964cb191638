// What a bucket shows of a ledger: its backups in the clear, as a control, show the accounts, and encrypted ones show none,
// by `strings` over all of it; another key moves no chunk, counted on the wire. On the embedded server, or on the one
// that the S3_* variables name.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3BackupStore, type S3BackupStoreSettings } from 'tidemark/s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeBackup } from '../../examples/demo/backups.ts';
import { post } from '../../examples/demo/load.ts';
import { type LedgerStore, openLedgerStore } from '../../examples/ledger/store.ts';
import { PrefixedObjectStorage } from '../../src/stores/prefixed-object-storage.ts';
import { clean, storageIn } from '../contract/s3-subjects.ts';
import { smallCluster } from '../integration/small-cluster.ts';
import { keys } from '../stores/damage.ts';
import { startRequestCounter } from '../support/request-counter.ts';

const directory = mkdtempSync(join(tmpdir(), 'encrypted-ledger-'));
const ACCOUNTS = Array.from({ length: 12 }, (_, index) => `account-${index}-of-rosalind`);
const secret = (fill: number) => Buffer.alloc(32, fill).toString('base64');
const OLD = { id: 'old', secret: secret(5) };
const NEW = { id: 'new', secret: secret(6) };
/** What nobody should see: the accounts, and the words that the ledger's files and records have. */
const WORDS = [...ACCOUNTS, 'of-rosalind', 'transfer-', '.sqlite', 'SQLite format', '.segment'];

/** All that `strings` prints of these bytes: runs of four printable characters and more. */
function strings(bytes: Uint8Array, file: string): string {
  try {
    writeFileSync(file, bytes);
    return execFileSync('strings', ['-a', file], { encoding: 'utf8', maxBuffer: 1 << 30 });
  } catch {
    // A machine without the program.
    return (
      Buffer.from(bytes)
        .toString('latin1')
        .match(/[\t\x20-\x7e]{4,}/g) ?? []
    ).join('\n');
  }
}

describe.each([
  { what: 'in the clear', environment: {} },
  { what: 'encrypted', environment: { TIDEMARK_ENCRYPTION_KEYS: `${OLD.id}:${OLD.secret}` } },
])('a ledger whose backups are $what', ({ what, environment }) => {
  const home = join(directory, what);
  let store: LedgerStore;
  let place: S3BackupStoreSettings;
  const storage = () => {
    const { endpoint = '', region = '', bucketName: bucket, basePath = '', accessKey, secretKey } = place;
    const credentials = { accessKeyId: accessKey ?? '', secretAccessKey: secretKey ?? '' };
    return { bucket: storageIn({ endpoint, region, bucket, credentials }), basePath };
  };

  beforeAll(async () => {
    mkdirSync(join(home, 'data'), { recursive: true });
    store = await openLedgerStore(process.env, home);
    const S3 = 'ZEEBE_BROKER_DATA_BACKUP_S3_';
    place = {
      endpoint: store.environment[`${S3}ENDPOINT`],
      region: store.environment[`${S3}REGION`],
      bucketName: store.environment[`${S3}BUCKETNAME`] ?? '',
      basePath: store.environment[`${S3}BASEPATH`],
      accessKey: store.environment[`${S3}ACCESSKEY`],
      secretKey: store.environment[`${S3}SECRETKEY`],
      forcePathStyleAccess: true,
    };
    const cluster = await smallCluster({
      directory: join(home, 'data'),
      environment: { ...store.environment, ...environment, LEDGER_SNAPSHOT_EVERY: '20' },
      restart: false,
      logFile: join(home, 'log'),
    });
    try {
      await cluster.start();
      const urls = cluster.nodes.map(({ url }) => url);
      for (const id of ACCOUNTS) expect(await post(`${urls[0]}/accounts`, { id, balance: 1_000 })).toBe(201);
      for (let count = 0; count < 80; count += 1) {
        const [from, to] = [ACCOUNTS[count % 12], ACCOUNTS[(5 * count + 1) % 12]];
        await post(`${urls[count % urls.length]}/transfers`, {
          id: `transfer-${count}`,
          from,
          to,
          amount: 1,
        });
      }
      for (const id of [1, 2]) await takeBackup(cluster.nodes[0]?.managementUrl ?? '', id, () => {});
    } finally {
      await cluster.stop();
    }
  }, 120_000);
  afterAll(async () => {
    const { bucket, basePath } = storage();
    await clean(bucket, `${basePath}/`);
    await store.close();
  });

  it(`strings over the bucket ${what === 'encrypted' ? 'shows none' : 'shows the accounts'}`, async () => {
    const { bucket, basePath } = storage();
    const objects = new PrefixedObjectStorage(bucket, basePath);
    const names = await keys(objects);
    const text = [names.join('\n')];
    for (const name of names) {
      text.push(strings((await objects.get(name))._unsafeUnwrap(), join(home, 'object')));
    }
    await objects.close();
    const shown = WORDS.filter((word) => text.some((part) => part.includes(word)));
    expect(names.filter((name) => name.includes('/chunks/')).length).toBeGreaterThan(5);
    if (what === 'encrypted') expect(shown).toEqual([]);
    else expect(shown).toEqual(expect.arrayContaining(ACCOUNTS));
  });

  it.runIf(what === 'encrypted')(
    'another key is a dozen requests, and none of them is for a chunk',
    async () => {
      const counter = await startRequestCounter(place.endpoint ?? '');
      const own = { ...place, endpoint: counter.endpoint };
      const rotating = new S3BackupStore({ ...own, encryptionKeys: [NEW, OLD] });
      const rotated = (await rotating.rotateKeys({ removeOthers: true }))._unsafeUnwrap();
      await rotating.close();
      expect(rotated).toMatchObject({ keyId: 'new', removed: rotated.dataKeys, wrapped: rotated.dataKeys });
      const requests = counter.seen.map((line) => decodeURIComponent(line));
      expect(requests.filter((line) => /\/chunks\/|\/backups\/\d|\/partitions\//.test(line))).toEqual([]);
      // One or a few data keys, as many as nodes that saved first at the same moment.
      expect(requests.length).toBeLessThanOrEqual(4 + 3 * rotated.dataKeys);
      await counter.close();
      for (const [key, isOk] of [
        [NEW, true],
        [OLD, false],
      ] as const) {
        const reading = new S3BackupStore({ ...place, encryptionKeys: [key] });
        const { backups } = (await reading.list({}))._unsafeUnwrap();
        expect(backups).toHaveLength(6);
        for (const { id } of backups) expect((await reading.open(id)).isOk()).toBe(isOk);
        await reading.close();
      }
    },
  );
});

afterAll(() => rmSync(directory, { recursive: true }));
