// Bytes that nobody can guess, for keys. Of the operating system in any case: a component that tests or embedders give
// for names may be one that can be guessed.
import { randomBytes } from 'node:crypto';

export function randomSecret(bytes: number): Buffer {
  return randomBytes(bytes);
}
