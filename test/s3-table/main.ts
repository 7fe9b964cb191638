// `npm run s3-table -- [server...]`: asks S3 servers how they do what the stores rely on, and writes the answers into
// docs/reference/s3-servers.md with UPDATE_DOCS=1. Servers are named as for the torture.
import process from 'node:process';
import { DeleteObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { ensureBucket, type S3Place, storageIn } from '../contract/s3-subjects.ts';
import { tableOnPage, writeOnPage } from '../support/write-on-page.ts';
import { openServer } from '../torture/servers.ts';
import { contractProbes } from './contract-probes.ts';
import type { Probe } from './probe.ts';
import { readProbes } from './read-probes.ts';
import { writeProbes } from './write-probes.ts';

const PAGE = new URL('../../docs/reference/s3-servers.md', import.meta.url);
const PROBES: readonly Probe[] = [...writeProbes, ...readProbes, ...contractProbes];

async function main(names: readonly string[]): Promise<void> {
  const columns: { readonly server: string; readonly answers: readonly string[] }[] = [];
  for (const name of names) {
    const server = await openServer(name, process.env);
    try {
      console.log(`${server.name}`);
      columns.push({ server: server.name, answers: await ask(placeOf(server.environment)) });
    } finally {
      await server.close();
    }
  }
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rows = [...PROBES.map(({ question }) => question), 'rounds of torture, backups lost in them'].map(
    (question, index) =>
      row([question, ...columns.map(({ server, answers }) => answers[index] ?? tortureOf(server))]),
  );
  const head = row(['', ...columns.map(({ server }) => server)]);
  const table = [head, row(['---', ...columns.map(() => '---')]), ...rows].join('\n');
  console.log(`\n${table}`);
  if (process.env.UPDATE_DOCS === '1') writeOnPage('s3-servers', table, PAGE);
}

async function ask(place: S3Place): Promise<string[]> {
  await ensureBucket(place);
  const { endpoint, region, credentials } = place;
  const client = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const storage = storageIn(place);
  const answers: string[] = [];
  for (const { question, run } of PROBES) {
    const prefix = `probe-${systemRandom.hex(6)}/`;
    const answer = await run({ place, storage, client, prefix }).catch(
      (cause: unknown) => `failed: ${cause instanceof Error ? cause.name : cause}`,
    );
    console.log(`  ${question}: ${answer}`);
    answers.push(answer);
    await sweep(client, place.bucket, prefix);
  }
  await storage.close();
  client.destroy();
  return answers;
}

/** By the plain SDK: the keys may be such as our storage refuses. */
async function sweep(client: S3Client, Bucket: string, Prefix: string): Promise<void> {
  for (;;) {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
    if (Contents.length === 0) return;
    await Promise.all(Contents.map(({ Key }) => client.send(new DeleteObjectCommand({ Bucket, Key }))));
  }
}

function placeOf(environment: Readonly<Record<string, string>>): S3Place {
  return {
    endpoint: environment.S3_ENDPOINT ?? '',
    region: environment.S3_REGION ?? 'us-east-1',
    bucket: environment.S3_BUCKET ?? 'tidemark-s3-table',
    credentials: {
      accessKeyId: environment.S3_ACCESS_KEY ?? 'nobody',
      secretAccessKey: environment.S3_SECRET_KEY ?? 'nobodys-secret',
    },
  };
}

/** The torture writes its own table; this takes two figures from it. */
function tortureOf(server: string): string {
  const cells = tableOnPage('torture')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .find(([, name]) => name === server);
  return cells === undefined ? 'not run' : `${cells[2]}, ${cells.at(-2)}`;
}

await main(process.argv.length > 2 ? process.argv.slice(2) : ['embedded']);
