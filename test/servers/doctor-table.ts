// `npm run doctor-table -- [server...]`: runs `tidemark doctor` on S3 servers and on buckets of several kinds, and writes what
// it finds into docs/reference/s3-servers.md with UPDATE_DOCS=1. Servers are named as for the torture.
import process from 'node:process';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { makeWorld } from '../cli/cli-world.ts';
import { writeOnPage } from '../support/write-on-page.ts';
import { openServer } from '../torture/servers.ts';

const PAGE = new URL('../../docs/reference/s3-servers.md', import.meta.url);

/** Kinds of buckets. One that a server cannot make is left out. */
const BUCKETS = {
  plain: async () => {},
  versions: (client: S3Client, Bucket: string) =>
    client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } })),
  'object lock': (client: S3Client, Bucket: string) =>
    client.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } },
        },
      }),
    ),
} as const;

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly found: string;
}

async function examine(server: string, env: Readonly<Record<string, string>>): Promise<string[]> {
  const credentials = {
    accessKeyId: env.S3_ACCESS_KEY ?? 'embedded',
    secretAccessKey: env.S3_SECRET_KEY ?? 'embedded-secret',
  };
  const region = env.S3_REGION ?? 'us-east-1';
  const endpoint = env.S3_ENDPOINT ?? '';
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const rows: string[] = [];
  // The embedded one takes what it is told of versions and locks, and does nothing of it.
  const kinds = Object.entries(BUCKETS).filter(([kind]) => server !== 'embedded' || kind === 'plain');
  for (const [kind, prepare] of kinds) {
    const bucket = `doctor-${kind.replace(' ', '-')}-${process.pid}`;
    try {
      const ObjectLockEnabledForBucket = kind === 'object lock';
      await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket }));
      await prepare(client, bucket);
    } catch (cause) {
      rows.push(`| ${server} | ${kind} | | the server has none: ${(cause as Error).name} |`);
      continue;
    }
    for (const layout of ['tidemark', 'zeebe']) {
      rows.push(
        `| ${server} | ${kind} | ${layout} | ${await findings(layout, { endpoint, region, bucket, ...credentials })} |`,
      );
    }
  }
  client.destroy();
  return rows;
}

/** How the run ended, and what was not in order. */
async function findings(layout: string, place: Readonly<Record<string, string>>): Promise<string> {
  const world = await makeWorld();
  const S3 = 'ZEEBE_BROKER_DATA_BACKUP_S3_';
  const env = {
    ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
    ZEEBE_BROKER_DATA_BACKUP_FORMAT: layout,
    [`${S3}BUCKETNAME`]: place.bucket ?? '',
    [`${S3}BASEPATH`]: 'doctor',
    [`${S3}ENDPOINT`]: place.endpoint ?? '',
    [`${S3}REGION`]: place.region ?? '',
    [`${S3}ACCESSKEY`]: place.accessKeyId ?? '',
    [`${S3}SECRETKEY`]: place.secretAccessKey ?? '',
    [`${S3}FORCEPATHSTYLEACCESS`]: 'true',
  };
  try {
    const outcome = await world.run(['doctor', '--json'], { env });
    const found = outcome.json().findings as Finding[];
    const count = found.filter(({ state }) => state === 'ok').length;
    const others = found.filter(({ state }) => state === 'failed' || state === 'warning');
    const said = others.map(({ check, state, found: what }) => `${state}: ${check}, ${what.slice(0, 80)}`);
    return [`ends with ${outcome.code}, ${count} ok`, ...said].join('; ').replaceAll('|', '/');
  } finally {
    await world.remove();
  }
}

const [, , ...names] = process.argv;
const rows: string[] = [];
for (const name of names.length === 0 ? ['embedded'] : names) {
  const server = await openServer(name, process.env);
  try {
    rows.push(...(await examine(server.name, server.environment)));
    console.log(rows.at(-1));
  } finally {
    await server.close();
  }
}
const head = ['| server | bucket | layout | what the doctor finds |', '| --- | --- | --- | --- |'];
const table = [...head, ...rows].join('\n');
console.log(table);
if (process.env.UPDATE_DOCS === '1') writeOnPage('doctor-servers', table, PAGE);
