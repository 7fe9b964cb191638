// What happened in a run, as one number: two runs of a seed that differ anywhere differ here. With `lines` on it also
// keeps the words, for people who look into a failure.

export class Trace {
  readonly lines: string[] | undefined;
  #a = 0xdeadbeef;
  #b = 0x41c6ce57;

  constructor(keepLines = false) {
    this.lines = keepLines ? [] : undefined;
  }

  add(line: string): void {
    this.lines?.push(line);
    let a = this.#a;
    let b = this.#b;
    for (let index = 0; index < line.length; index += 1) {
      const code = line.charCodeAt(index);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    this.#a = a ^ (b >>> 13);
    this.#b = b ^ (a >>> 16);
  }

  get hash(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
