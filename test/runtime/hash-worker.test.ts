import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digestElsewhere } from '../../src/runtime/hash-worker.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('hashing on another thread', () => {
  it('gives each caller its own digest and its own bytes back', async () => {
    const given = Array.from({ length: 40 }, (_, index) => new Uint8Array(randomBytes(1_000 + index)));
    const copies = given.map((bytes) => bytes.slice());
    const digested = await Promise.all(given.map((bytes) => digestElsewhere(bytes.slice())));
    for (const [index, { bytes, sha256: digest }] of digested.entries()) {
      expect(Buffer.compare(bytes, copies[index]!)).toBe(0);
      expect(toHex(digest)).toBe(sha256(copies[index]!));
    }
  });

  it('hashes a part of an array, and takes all of its memory meanwhile', async () => {
    const all = new Uint8Array(5_000).map((_, index) => index);
    const wanted = all.slice(100, 4_100);
    const part = all.subarray(100, 4_100);
    const answer = digestElsewhere(part);
    expect(all.length).toBe(0);
    const { bytes, sha256: digest } = await answer;
    expect(Buffer.compare(bytes, wanted)).toBe(0);
    expect(toHex(digest)).toBe(sha256(wanted));
  });

  it('holds the process open for as long as it hashes, and no longer', () => {
    const code = `
      const { digestElsewhere } = await import(${JSON.stringify(new URL('../../src/runtime/hash-worker.ts', import.meta.url).href)});
      const digested = digestElsewhere(new Uint8Array(1_000_000)).then(({ bytes }) => process.stdout.write('hashed ' + bytes.length));`;
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 60_000 });
    expect(ran.stdout.toString()).toBe('hashed 1000000');
    expect(ran.status).toBe(0);
  });
});
