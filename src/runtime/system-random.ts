// Real chance, good enough for unique names.
import { randomBytes } from 'node:crypto';
import type { Random } from '../ports/environment.ts';

/** Chance from the operating system. */
export const systemRandom: Random = {
  hex: (bytes) => randomBytes(bytes).toString('hex'),
  fraction: () => randomBytes(4).readUInt32BE() / 2 ** 32,
};
