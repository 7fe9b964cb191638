// A set of names that are SHA-256 digests in hex, at 16 bytes each: a sweep holds millions of them. It never
// forgets a name; that it takes one for another has the odds of 2^-128.
import { invariant } from '../../core/invariant.ts';

const WORDS = 4;
const HEX_PER_WORD = 8;

/** Grows as it must; at most three quarters of it are full. */
export class NameSet {
  #size = 0;
  #slots = 1024;
  #table = new Uint32Array(this.#slots * WORDS);

  get size(): number {
    return this.#size;
  }

  /** Adds the name, of at least 32 hex digits. False when it is there already. */
  add(name: string): boolean {
    const words = wordsOf(name);
    const at = find(this.#table, this.#slots, words);
    if (isTaken(this.#table, at)) return false;
    this.#table.set(words, at);
    this.#size += 1;
    if (this.#size * 4 > this.#slots * 3) this.#grow();
    return true;
  }

  has(name: string): boolean {
    return isTaken(this.#table, find(this.#table, this.#slots, wordsOf(name)));
  }

  #grow(): void {
    const slots = this.#slots * 2;
    const table = new Uint32Array(slots * WORDS);
    for (let at = 0; at < this.#table.length; at += WORDS) {
      if (!isTaken(this.#table, at)) continue;
      const words = this.#table.subarray(at, at + WORDS);
      table.set(words, find(table, slots, words));
    }
    this.#slots = slots;
    this.#table = table;
  }
}

function wordsOf(name: string): Uint32Array {
  invariant(/^[0-9a-f]{32}/.test(name), `not a digest in hex: '${name}'`);
  const words = new Uint32Array(WORDS);
  for (let word = 0; word < WORDS; word += 1) {
    words[word] = Number.parseInt(name.slice(word * HEX_PER_WORD, (word + 1) * HEX_PER_WORD), 16);
  }
  // All zeros means an empty slot.
  if (words.every((word) => word === 0)) words[0] = 1;
  return words;
}

/** Where the words are, or where they would go. Slots are a power of two, digests are as good as any hash. */
function find(table: Uint32Array, slots: number, words: Uint32Array): number {
  const [first = 0] = words;
  for (let slot = first & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
    const at = slot * WORDS;
    if (!isTaken(table, at) || words.every((word, index) => table[at + index] === word)) return at;
  }
}

function isTaken(table: Uint32Array, at: number): boolean {
  return (table[at] ?? 0) !== 0 || table[at + 1] !== 0 || table[at + 2] !== 0 || table[at + 3] !== 0;
}
