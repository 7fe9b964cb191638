// The files that are backed up: incompressible, the same in every run, laid out as DIR/<partition>/{snapshot,segments}.
// Made once and kept in the temporary directory, for they take longer to make than to save.
import { createCipheriv, createHash } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const KIB = 1024;
const MIB = 1024 * KIB;
const PIECE_BYTES = 4 * MIB;

export const PARTITIONS = 3;

interface FileSpec {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Three partitions, each with four full segments and a snapshot of files from 1 KiB to 64 MiB: 2 GB in all. */
export function fullDataSet(): string {
  const sizes = [1, 4, 16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB].map((kib) => kib * KIB);
  const files: FileSpec[] = [];
  for (let partition = 1; partition <= PARTITIONS; partition += 1) {
    for (const [index, sizeBytes] of sizes.entries()) {
      files.push({ path: `${partition}/snapshot/00000${index}.sst`, sizeBytes });
    }
    for (let segment = 1; segment <= 4; segment += 1) {
      files.push({ path: `${partition}/segments/raft-partition-${segment}.log`, sizeBytes: 128 * MIB });
    }
  }
  return made('full', files);
}

/** Where in the newest segment of each partition the new data lies. */
export const NEW_DATA = { from: 120 * MIB + 100 * KIB, to: 124 * MIB + 100 * KIB } as const;

/** The same after one per cent of new data: the tail of the newest segment, and a new file in the snapshot. */
export function changedDataSet(): string {
  const from = fullDataSet();
  return kept('changed', (to) => {
    for (let partition = 1; partition <= PARTITIONS; partition += 1) {
      for (const kind of ['snapshot', 'segments']) {
        mkdirSync(join(to, String(partition), kind), { recursive: true });
        for (const name of readdirSync(join(from, String(partition), kind))) {
          const path = join(String(partition), kind, name);
          if (name === 'raft-partition-4.log') cpSync(join(from, path), join(to, path));
          else linkSync(join(from, path), join(to, path));
        }
      }
      const tail = random(`tail ${partition}`, NEW_DATA.to - NEW_DATA.from);
      const log = openSync(join(to, String(partition), 'segments', 'raft-partition-4.log'), 'r+');
      writeSync(log, tail, 0, tail.length, NEW_DATA.from);
      closeSync(log);
      writeFile(join(to, String(partition), 'snapshot', '000009.sst'), 2 * MIB, `new ${partition}`);
    }
  });
}

/** One partition with a snapshot of 500 files of 256 KiB. */
export function smallFilesDataSet(): string {
  const files = Array.from({ length: 500 }, (_, index) => ({
    path: `1/snapshot/${String(index).padStart(6, '0')}.sst`,
    sizeBytes: 256 * KIB,
  }));
  return made('small', files);
}

function made(name: string, files: readonly FileSpec[]): string {
  return kept(name, (to) => {
    for (const { path, sizeBytes } of files) {
      mkdirSync(join(to, path, '..'), { recursive: true });
      writeFile(join(to, path), sizeBytes, path);
    }
  });
}

/** A directory that is there whole or not at all. */
function kept(name: string, make: (directory: string) => void): string {
  const directory = join(tmpdir(), 'tidemark-bench', name);
  if (existsSync(directory)) return directory;
  const building = `${directory}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  make(building);
  renameSync(building, directory);
  return directory;
}

function writeFile(path: string, sizeBytes: number, seed: string): void {
  const file = openSync(path, 'w');
  for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
    writeSync(file, random(`${seed} ${at}`, Math.min(PIECE_BYTES, sizeBytes - at)));
  }
  closeSync(file);
}

/** A key stream: as good as random, and fast. */
function random(seed: string, sizeBytes: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}
