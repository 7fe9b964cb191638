// How a server takes objects: create-only, checksums, bodies that are cut, deletes.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { DeleteObjectsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { S3BackupStore } from '../../src/stores/s3-backup-store.ts';
import { sampleBackup } from '../../src/testkit/sample-backups.ts';
import { storageIn } from '../contract/s3-subjects.ts';
import { startCuttingProxy } from './cutting-proxy.ts';
import { type Probe, type ProbeTools, refusal, text } from './probe.ts';

const RACES = 5;
const RACERS = 16;
const CUT_BODY_BYTES = 2_000_000;
/** Of the whole request, headers included. */
const CUT_AFTER_BYTES = 1_000_000;

export const CREATE_ONLY: Probe = {
  question: 'PUT of an object that is there, create-only',
  async run({ client, place, prefix }) {
    const put = (body: string) =>
      client.send(
        new PutObjectCommand({ Bucket: place.bucket, Key: `${prefix}once`, Body: body, IfNoneMatch: '*' }),
      );
    const first = await refusal(put('first'));
    if (first !== undefined) return first;
    const second = await refusal(put('second'));
    if (second === undefined) return 'ignored: it replaces';
    return second.includes('412') ? 'honoured' : second;
  },
};

export const writeProbes: readonly Probe[] = [
  CREATE_ONLY,
  {
    question: `winners when ${RACERS} create one object at once, most of ${RACES} tries`,
    async run({ storage, prefix }) {
      let most = 0;
      for (let race = 0; race < RACES; race += 1) {
        const racers = Array.from({ length: RACERS }, (_, racer) =>
          storage.put(`${prefix}race/${race}`, text(`racer ${racer}`), { ifAbsent: true }),
        );
        const winners = (await Promise.all(racers)).filter((result) => result.isOk()).length;
        most = Math.max(most, winners);
      }
      return String(most);
    },
  },
  {
    question: 'what a store of tidemark finds out by itself: are create-only puts honoured?',
    run: foundOut,
  },
  {
    question: "checksums that the SDK adds by itself: in a header, in a stream's trailer",
    async run({ place, prefix }) {
      const { endpoint, region, credentials, bucket: Bucket } = place;
      const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
      const put = (Key: string, Body: string | Readable) =>
        refusal(client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: 4 })));
      const header = await put(`${prefix}header`, 'body');
      const trailer = await put(`${prefix}trailer`, Readable.from([Buffer.from('body')]));
      client.destroy();
      return `${header ?? 'taken'}, ${trailer ?? 'taken'}`;
    },
  },
  {
    question: 'a body that is not what its signature says (ours is signed, so this guards every PUT)',
    async run({ storage, prefix }) {
      const sha256 = createHash('sha256').update('another body').digest();
      const put = await storage.put(`${prefix}forged`, text('a body'), { sha256 });
      return put.isErr() ? 'refused' : 'stored';
    },
  },
  {
    question: 'a PUT of ours that is cut half way: a new object, an existing one',
    run: cutPut,
  },
  {
    question: 'DeleteObjects, one of the keys not there',
    async run({ client, storage, place, prefix }) {
      const keys = ['a', 'b', 'c'].map((name) => `${prefix}deleted/${name}`);
      for (const key of keys.slice(1)) (await storage.put(key, text(key)))._unsafeUnwrap();
      const Objects = keys.map((Key) => ({ Key }));
      const command = new DeleteObjectsCommand({ Bucket: place.bucket, Delete: { Objects, Quiet: false } });
      const refused = await refusal(client.send(command));
      if (refused !== undefined) return refused;
      const left = (await storage.list(`${prefix}deleted/`))._unsafeUnwrap().objects.length;
      return left === 0 ? 'all gone' : `${left} are left`;
    },
  },
];

async function foundOut({ place, prefix }: ProbeTools): Promise<string> {
  const { endpoint, region, bucket: bucketName, credentials } = place;
  const store = new S3BackupStore({
    endpoint,
    region,
    bucketName,
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
    forcePathStyleAccess: true,
    basePath: `${prefix}store`,
    clusterId: 'probe',
  });
  const saved = await store.save(sampleBackup());
  const { conditionalPut } = store;
  await store.close();
  if (saved.isErr()) return `no save: ${saved.error.name}`;
  return conditionalPut ? 'yes' : 'no, and it warns';
}

async function cutPut({ place, storage, prefix }: ProbeTools): Promise<string> {
  const proxy = await startCuttingProxy(place.endpoint, CUT_AFTER_BYTES);
  const old = text('old');
  (await storage.put(`${prefix}cut/existing`, old))._unsafeUnwrap();
  const outcomes: string[] = [];
  for (const name of ['new', 'existing']) {
    // A storage of its own for each: the proxy counts by connection.
    const cut = storageIn({ ...place, endpoint: proxy.endpoint });
    const put = await cut.put(`${prefix}cut/${name}`, new Uint8Array(CUT_BODY_BYTES));
    await cut.close();
    const after = await storage.get(`${prefix}cut/${name}`);
    if (put.isOk()) outcomes.push('not cut');
    else if (after.isErr())
      outcomes.push(after.error.name === 'ObjectNotFound' ? 'nothing' : after.error.name);
    else outcomes.push(Buffer.compare(after.value, old) === 0 ? 'kept as it was' : '**half an object**');
  }
  await proxy.close();
  return outcomes.join(', ');
}
