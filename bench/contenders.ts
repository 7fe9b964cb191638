// The contenders over a real server, each by the same words: save and restore, in a place of its own for each run.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Surroundings } from './case.ts';
import { type Contender, work } from './measure.ts';
import { environmentOf } from './s3.ts';
import { allPaths, totalBytes } from './work/partition-files.ts';

export interface Contenders {
  readonly runs: readonly Contender[];
  readonly missing: readonly string[];
}

interface DataSet {
  readonly directory: string;
  readonly partitions: number;
}

let placesMade = 0;

/** How the places of this run begin. */
export const PLACES_PREFIX = `bench-${process.pid}-`;

/** A place that no run has used before. */
export function newPlace(): string {
  placesMade += 1;
  return `${PLACES_PREFIX}${placesMade}`;
}

/** Each contender saves the whole data set to a place that is empty. */
export function savers(surroundings: Surroundings, { directory, partitions }: DataSet): Contenders {
  const { bucket, zeebeStore } = surroundings;
  if (bucket === undefined) return { runs: [], missing: ['all: S3_ENDPOINT names no server'] };
  const env = environmentOf(bucket);
  const place = newPlace();
  let run = 0;
  const fresh = (tool: string) => {
    run += 1;
    return `${place}-${tool}-${run}`;
  };
  const runs: Contender[] = [
    {
      name: 'tidemark',
      env,
      command: () => work('tidemark', 'save', directory, fresh('tidemark'), '1', String(partitions)),
    },
    { name: 'naive AWS SDK', env, command: () => work('naive-sdk', 'save', directory, fresh('naive')) },
  ];
  if (zeebeStore !== undefined) {
    const data = [String(partitions), directory, '1-1-1-1', '1000'];
    const command = () => [zeebeStore, 'save', bucket.bucket, String(Date.now()), ...data];
    runs.push({ name: "Zeebe's store", env, command });
  }
  if (surroundings.rclone !== undefined) {
    const bytes = totalBytes(allPaths(directory));
    const to = () => `bench:${bucket.bucket}/${fresh('rclone')}`;
    runs.push({ ...rclone(surroundings, () => ['copy', directory, to()]), bytes });
  }
  return { runs, missing: missingPeers(surroundings) };
}

/** Each contender restores what it saved once before. */
export function restorers(surroundings: Surroundings, { directory, partitions }: DataSet): Contenders {
  const { bucket, zeebeStore, scratch } = surroundings;
  if (bucket === undefined) return { runs: [], missing: ['all: S3_ENDPOINT names no server'] };
  const env = environmentOf(bucket);
  const place = newPlace();
  const checkpoint = String(Date.now());
  const count = String(partitions);
  const to = (tool: string) => join(scratch, `${tool}-restored`);
  const runs: Contender[] = [
    restorer('tidemark', to('tidemark'), env, {
      save: work('tidemark', 'save', directory, place, '1', count),
      restore: work('tidemark', 'restore', to('tidemark'), place, '1', count),
    }),
    restorer('naive AWS SDK', to('naive'), env, {
      save: work('naive-sdk', 'save', directory, `${place}-naive`),
      restore: work('naive-sdk', 'restore', to('naive'), `${place}-naive`),
    }),
  ];
  if (zeebeStore !== undefined) {
    const where = [bucket.bucket, checkpoint, count];
    runs.push(
      restorer("Zeebe's store", to('zeebe'), env, {
        save: [zeebeStore, 'save', ...where, directory, '1-1-1-1', '1000'],
        restore: [zeebeStore, 'restore', ...where, to('zeebe')],
      }),
    );
  }
  if (surroundings.rclone !== undefined) {
    const remote = `bench:${bucket.bucket}/${place}-rclone`;
    const bytes = totalBytes(allPaths(directory));
    const get = rclone(surroundings, () => ['copy', remote, to('rclone')]);
    const before = { ...rclone(surroundings, () => ['copy', directory, remote]), bytes };
    runs.push({ ...get, bytes, before, prepare: emptied(to('rclone')) });
  }
  return { runs, missing: missingPeers(surroundings) };
}

export function missingPeers({ zeebeStore, rclone: program }: Surroundings): string[] {
  return [
    ...(zeebeStore === undefined ? ["Zeebe's store: ZEEBE_STORE names no program that drives it"] : []),
    ...(program === undefined ? ['rclone: not installed'] : []),
  ];
}

function restorer(
  name: string,
  to: string,
  env: Record<string, string | undefined>,
  commands: { readonly save: readonly string[]; readonly restore: readonly string[] },
): Contender {
  const before = { name, env, command: () => commands.save };
  return { name, env, command: () => commands.restore, before, prepare: emptied(to) };
}

function emptied(directory: string): () => void {
  return () => {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
  };
}

/** rclone with the number of transfers that suits it on this data: its default of four. */
function rclone({ bucket, rclone: program }: Surroundings, args: () => readonly string[]): Contender {
  const env = {
    RCLONE_CONFIG_BENCH_TYPE: 's3',
    RCLONE_CONFIG_BENCH_PROVIDER: 'Minio',
    RCLONE_CONFIG_BENCH_ENDPOINT: bucket?.endpoint,
    RCLONE_CONFIG_BENCH_REGION: bucket?.region,
    RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: bucket?.accessKey,
    RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: bucket?.secretKey,
    RCLONE_CONFIG: '/dev/null',
    AWS_CA_BUNDLE: undefined,
  };
  return { name: 'rclone', env, command: () => [program ?? 'rclone', ...args()] };
}
