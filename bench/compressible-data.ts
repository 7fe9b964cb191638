// Files for the case of compression: logs as a broker writes them, tables that are compressed already, and noise. One
// partition with two files of 128 MiB each, laid out as the other data sets.
import { createCipheriv, createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';

const FILE_BYTES = 128 * 1024 * 1024;
const BLOCK_BYTES = 32 * 1024;
const FILES = ['1', '2'];

export type DataKind = 'log' | 'tables' | 'noise';

/** Made once and kept in the temporary directory. */
export function compressionDataSet(kind: DataKind): string {
  const directory = join(tmpdir(), 'tidemark-bench', `compression-${kind}`);
  if (existsSync(directory)) return directory;
  const building = `${directory}.building`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(join(building, '1', 'segments'), { recursive: true });
  for (const name of FILES) {
    const file = openSync(join(building, '1', 'segments', `raft-partition-${name}.log`), 'w');
    const parts = MAKERS[kind](`${kind} ${name}`);
    for (let written = 0; written < FILE_BYTES; ) {
      const { value } = parts.next();
      written += writeSync(file, value.subarray(0, FILE_BYTES - written));
    }
    closeSync(file);
  }
  renameSync(building, directory);
  return directory;
}

const MAKERS: Readonly<Record<DataKind, (seed: string) => Generator<Buffer, never>>> = {
  log: records,
  tables: function* (seed) {
    for (const block of records(seed)) {
      for (let at = 0; at < block.length; at += BLOCK_BYTES)
        yield deflateRawSync(block.subarray(at, at + BLOCK_BYTES), { level: 1 });
    }
    throw new Error('records never end');
  },
  noise: function* (seed) {
    const key = createHash('sha256').update(seed).digest();
    const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
    for (;;) yield stream.update(Buffer.alloc(1024 * 1024));
  },
};

const TYPES = ['JOB', 'PROCESS_INSTANCE', 'VARIABLE', 'TIMER'];
const INTENTS = ['CREATED', 'ELEMENT_ACTIVATING', 'ELEMENT_COMPLETED', 'UPDATED', 'TRIGGERED'];

/** Records with keys and positions that grow, names that repeat, and values of which a third looks like chance. */
function* records(seed: string): Generator<Buffer, never> {
  for (let block = 0; ; block += 1) {
    const noise = createHash('shake256', { outputLength: 64 * 1024 })
      .update(`${seed} ${block}`)
      .digest('hex');
    const lines: string[] = [];
    for (let at = 0; at + 64 <= noise.length; at += 64) {
      const nth = block * 2048 + at / 64;
      const key = 2_251_799_813_685_248 + nth * 7;
      const chance = Number.parseInt(noise.slice(at, at + 8), 16);
      lines.push(
        JSON.stringify({
          position: nth,
          partitionId: 1,
          key,
          timestamp: 1_767_225_600_000 + nth * 13 + (chance % 13),
          recordType: chance % 2 === 0 ? 'EVENT' : 'COMMAND',
          valueType: TYPES[chance % TYPES.length],
          intent: INTENTS[chance % INTENTS.length],
          value: {
            bpmnProcessId: 'order-process',
            elementId: `task-${chance % 31}`,
            processInstanceKey: key - (chance % 1000),
            variables: { orderId: noise.slice(at, at + 64), amount: chance % 100_000 },
          },
        }),
      );
    }
    yield Buffer.from(lines.join('\n'));
  }
}
