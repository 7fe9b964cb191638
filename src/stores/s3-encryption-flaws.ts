// What makes no sense among the settings of the server's encryption. Pure; for settings in code and in files.
import type { S3PlaceSettings } from './backup-store-settings.ts';

type EncryptionSettings = Pick<S3PlaceSettings, 'sse' | 'sseKmsKeyId' | 'ssecKey' | 'endpoint'>;

export interface S3EncryptionFlaw {
  readonly name: 'sse' | 'sseKmsKeyId' | 'ssecKey';
  /** Never repeats a key. */
  readonly detail: string;
}

export function s3EncryptionFlaws({ sse, sseKmsKeyId, ssecKey, endpoint }: EncryptionSettings) {
  const flaws: S3EncryptionFlaw[] = [];
  if (sse !== undefined && sse !== 'AES256' && sse !== 'aws:kms') {
    flaws.push({ name: 'sse', detail: `must be AES256 or aws:kms, got ${String(sse)}` });
  }
  if (sseKmsKeyId !== undefined && sse !== 'aws:kms') {
    flaws.push({ name: 'sseKmsKeyId', detail: 'is for sse aws:kms' });
  }
  if (ssecKey === undefined) return flaws;
  if (sse !== undefined) flaws.push({ name: 'ssecKey', detail: 'and sse must not both be set' });
  if (!isKeyOf32Bytes(ssecKey)) {
    flaws.push({
      name: 'ssecKey',
      detail: "must be 32 bytes in base64, as 'openssl rand -base64 32' prints them",
    });
  }
  if (endpoint !== undefined && isInTheClear(endpoint)) {
    flaws.push({
      name: 'ssecKey',
      detail: 'is sent with each request, so the endpoint must begin with https://',
    });
  }
  return flaws;
}

/** To and fro, for Node takes whatever looks like base64. */
export function isKeyOf32Bytes(base64: string): boolean {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === base64;
}

function isInTheClear(endpoint: string): boolean {
  const url = URL.parse(endpoint);
  return url?.protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}
