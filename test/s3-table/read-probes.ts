// What a server tells of the objects it has: order, pages, odd keys, times, ranges.
import { HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { MIXED_KEYS, ODD_KEYS } from '../../src/cli/doctor/probe-keys.ts';
import { compareKeys } from '../../src/objects/object-key.ts';
import { type Probe, type ProbeTools, refusal, text } from './probe.ts';

const MANY_KEYS = 1_100;
const TIMES = 6;

export const PLAIN_ORDER: Probe = {
  question: 'order of a LIST',
  async run(tools) {
    const listed = await listMixed(tools);
    const sorted = [...listed].sort(compareKeys);
    if (listed.length !== MIXED_KEYS.length) return `${listed.length} of ${MIXED_KEYS.length} keys`;
    return listed.every((key, index) => key === sorted[index]) ? 'UTF-8' : 'another than UTF-8';
  },
};

export const readProbes: readonly Probe[] = [
  PLAIN_ORDER,
  {
    question: 'LIST with start-after, behind each key once',
    async run(tools) {
      const sorted = (await listMixed(tools)).sort(compareKeys);
      let right = 0;
      for (const [index, key] of sorted.entries()) {
        const rest = await list(tools, 'mixed/', { StartAfter: key });
        if (rest.length === sorted.length - index - 1) right += 1;
      }
      return right === sorted.length ? 'right' : `right for ${right} of ${sorted.length}`;
    },
  },
  {
    question: `keys in a page, of ${MANY_KEYS} when 1,000 and when 5,000 are asked for`,
    async run(tools) {
      const slots = pLimit(16);
      const keys = Array.from({ length: MANY_KEYS }, (_, index) => `${tools.prefix}many/${10_000 + index}`);
      const puts = await Promise.all(keys.map((key) => slots(() => tools.storage.put(key, text('x')))));
      for (const put of puts) put._unsafeUnwrap();
      const pages = [];
      for (const MaxKeys of [1_000, 5_000]) pages.push((await list(tools, 'many/', { MaxKeys })).length);
      return pages.map((count) => count.toLocaleString('en')).join(', ');
    },
  },
  {
    question: `odd keys, of ${ODD_KEYS.length} kinds: put, got, listed, deleted`,
    async run(tools) {
      const failed: string[] = [];
      for (const [name, key] of ODD_KEYS) if (!(await takesKey(tools, key))) failed.push(name);
      const count = `${ODD_KEYS.length - failed.length}`;
      return failed.length === 0 ? count : `${count}; not ${failed.join(', ')}`;
    },
  },
  {
    question: 'LastModified in whole seconds or finer: LIST, HEAD',
    async run(tools) {
      const inList: boolean[] = [];
      const inHead: boolean[] = [];
      for (let turn = 0; turn < TIMES; turn += 1) {
        const Key = `${tools.prefix}time/${turn}`;
        (await tools.storage.put(Key, text('x')))._unsafeUnwrap();
        const head = await tools.client.send(new HeadObjectCommand({ Bucket: tools.place.bucket, Key }));
        inHead.push((head.LastModified?.getTime() ?? 0) % 1_000 !== 0);
      }
      const page = (await tools.storage.list(`${tools.prefix}time/`))._unsafeUnwrap();
      for (const { lastModified } of page.objects) inList.push(lastModified % 1_000 !== 0);
      return [inList, inHead].map((finer) => (finer.includes(true) ? 'ms' : 's')).join(', ');
    },
  },
  {
    question: "the server's clock in its answers, and LastModified, against each other",
    async run({ storage, prefix }) {
      (await storage.put(`${prefix}clock/now`, text('x')))._unsafeUnwrap();
      const { now, objects } = (await storage.list(`${prefix}clock/`))._unsafeUnwrap();
      // The Date header has whole seconds.
      const apart = Math.abs(now - (objects[0]?.lastModified ?? 0));
      return apart <= 2_000 ? 'agree' : `${Math.round(apart / 1_000)} s apart`;
    },
  },
  {
    question: 'ranges: inside, past the end, behind the end',
    async run({ storage, prefix }) {
      (await storage.put(`${prefix}range`, text('0123456789')))._unsafeUnwrap();
      const answers: string[] = [];
      for (const [start, length, expected] of [
        [2, 3, '234'],
        [8, 9, '89'],
        [20, 5, ''],
      ] as const) {
        const got = await storage.get(`${prefix}range`, { range: { start, length } });
        if (got.isErr()) answers.push(got.error.name);
        else answers.push(Buffer.from(got.value).toString() === expected ? 'right' : 'wrong');
      }
      return [...new Set(answers)].join(', ');
    },
  },
];

async function listMixed(tools: ProbeTools): Promise<string[]> {
  for (const key of MIXED_KEYS) {
    (await tools.storage.put(`${tools.prefix}mixed/${key}`, text(key)))._unsafeUnwrap();
  }
  return list(tools, 'mixed/', {});
}

/** By the plain SDK: our storage refuses a listing that is not in order. One page. */
async function list(
  { client, place, prefix }: ProbeTools,
  under: string,
  options: { readonly StartAfter?: string; readonly MaxKeys?: number },
): Promise<string[]> {
  const command = new ListObjectsV2Command({
    Bucket: place.bucket,
    Prefix: `${prefix}${under}`,
    ...options,
  });
  return ((await client.send(command)).Contents ?? []).map(({ Key = '' }) => Key);
}

async function takesKey({ storage, prefix, client, place }: ProbeTools, name: string): Promise<boolean> {
  const under = `${prefix}odd/`;
  const key = `${under}${name}`;
  if ((await storage.put(key, text(name))).isErr()) return false;
  const got = await storage.get(key);
  const listed = await list({ storage, prefix, client, place }, 'odd/', {});
  const deleted = await storage.delete([key]);
  const isGone =
    (await refusal(client.send(new HeadObjectCommand({ Bucket: place.bucket, Key: key })))) !== undefined;
  const isRight = got.isOk() && Buffer.from(got.value).toString() === name;
  return isRight && listed.length === 1 && listed[0] === key && deleted.isOk() && isGone;
}
