import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digestElsewhere } from '../../src/runtime/hash-worker.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function shared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes.length));
  memory.set(bytes);
  return memory;
}

describe('hashing on another thread', () => {
  it('gives each caller its own digest', async () => {
    const given = Array.from({ length: 40 }, (_, index) => shared(randomBytes(1_000 + index)));
    const digests = await Promise.all(given.map((bytes) => digestElsewhere(bytes)));
    for (const [index, digest] of digests.entries()) expect(toHex(digest)).toBe(sha256(given[index]!));
  });

  it('hashes a part of the memory', async () => {
    const part = shared(new Uint8Array(5_000).map((_, index) => index)).subarray(100, 4_100);
    expect(toHex(await digestElsewhere(part))).toBe(sha256(part));
  });

  it('holds the process open for as long as it hashes, and no longer', () => {
    const code = `
      const { digestElsewhere } = await import(${JSON.stringify(new URL('../../src/runtime/hash-worker.ts', import.meta.url).href)});
      const memory = new Uint8Array(new SharedArrayBuffer(1_000_000));
      const digested = digestElsewhere(memory).then((digest) => process.stdout.write('hashed to ' + digest.length));`;
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 60_000 });
    expect(ran.stdout.toString()).toBe('hashed to 32');
    expect(ran.status).toBe(0);
  });
});
