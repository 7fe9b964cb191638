// AES-256-GCM and the derivation of keys, as the format document has them. At once: for what is small. Never uses a
// key twice with one nonce: that is its callers' promise.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
/** How much longer a sealed text is than the plain one. */
export const TAG_BYTES = 16;

const CIPHER = 'aes-256-gcm';
const TAG = { authTagLength: TAG_BYTES };

/** The sealed bytes with their tag behind them. */
export function seal(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array, bound = ''): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, nonce, TAG).setAAD(Buffer.from(bound));
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** The plain bytes; undefined when they were sealed with another key or bound to something else, or are damaged. */
export function unseal(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  bound = '',
): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, nonce, TAG).setAAD(Buffer.from(bound));
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** A key for one purpose, out of a key for several. */
export function keyFor(purpose: string, secret: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), `tidemark 1 ${purpose}`, KEY_BYTES));
}

/** HMAC-SHA-256. */
export function keyed(key: Uint8Array, text: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
