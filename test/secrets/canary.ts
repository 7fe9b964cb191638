// Secrets that are known by their sight, and a net for them: whatever a test has seen goes into it.
import { inspect } from 'node:util';
import { expect } from 'vitest';

/** One for each place that a secret can stand in. */
export const CANARY = {
  secretKey: 'c4nary/secret+key/of/the/bucket0000000000',
  accessKey: 'AKIAC4NARY0000000000',
  sessionToken: 'c4nary-session-token//8=',
  // Two keys of 32 bytes in base64 that begin with a word.
  ssecKey: 'c4naryC4naryC4naryC4naryC4naryC4naryC4naryA=',
  encryptionKey: 'c4naryKeyc4naryKeyc4naryKeyc4naryKeyc4nary0=',
  bearer: 'c4nary-bearer-token',
  password: 'c4nary-password',
  signature: 'c4nary-signature',
  environment: 'c4nary-of-the-environment',
} as const;

/** Every way in which an endpoint can hold one. */
export const LEAKY_URLS = [
  `http://user:${CANARY.password}@127.0.0.1:1`,
  `ftp://user:${CANARY.password}@127.0.0.1:1`,
  `user:${CANARY.password}@127.0.0.1:1`,
  `http://127.0.0.1:1/?X-Amz-Signature=${CANARY.signature}`,
  `ftp://127.0.0.1:1/?X-Amz-Signature=${CANARY.signature}`,
  `http://127.0.0.1:1/#${CANARY.signature}`,
];

/** What came to light. */
export class Net {
  readonly #seen: string[] = [];

  text(text: string): void {
    this.#seen.push(text);
  }

  /** Anything at all, as people and loggers print it. */
  value(value: unknown): void {
    this.#seen.push(inspect(value, { depth: 12, showHidden: true, maxStringLength: null }));
    this.#seen.push(inspect(value));
    this.#seen.push(String(value instanceof Error ? value.stack : value));
    this.#seen.push(
      JSON.stringify(value, (_, field) => (typeof field === 'bigint' ? String(field) : field)) ?? '',
    );
    for (let cause = value; cause instanceof Error; cause = cause.cause) {
      this.#seen.push(
        `${cause.message} ${cause.stack} ${JSON.stringify({ ...cause }, (_, f) => (typeof f === 'bigint' ? '' : f))}`,
      );
    }
  }

  /** Nothing in it is a canary, plain, in base64, or as a URL has it. */
  expectEmpty(): void {
    expect(this.#seen.length).toBeGreaterThan(0);
    for (const secret of Object.values(CANARY)) {
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').slice(0, -4)];
      for (const form of forms) {
        const leak = this.#seen.find((text) => text.includes(form));
        expect(leak, `${form} came to light`).toBeUndefined();
      }
    }
  }
}
