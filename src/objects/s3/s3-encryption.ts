// What requests say so that the server encrypts: with a key of its own, of a key service, or one that comes with each
// request and that it forgets.

/** Absent fields leave it to the bucket. */
export type S3Encryption =
  | {
      readonly kind: 'server';
      readonly algorithm: 'AES256' | 'aws:kms';
      readonly kmsKeyId?: string | undefined;
    }
  /** `key`: 32 bytes in base64. */
  | { readonly kind: 'customer'; readonly key: string };

interface CustomerKeyFields {
  readonly SSECustomerAlgorithm?: 'AES256';
  readonly SSECustomerKey?: string;
}

interface WriteFields extends CustomerKeyFields {
  readonly ServerSideEncryption?: 'AES256' | 'aws:kms';
  readonly SSEKMSKeyId?: string;
}

/** For a request that makes an object, or begins to. */
export function writeFields(encryption: S3Encryption | undefined): WriteFields {
  if (encryption?.kind !== 'server') return readFields(encryption);
  const { algorithm, kmsKeyId } = encryption;
  return { ServerSideEncryption: algorithm, ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }) };
}

/** For one that reads an object, and for the parts of an upload. */
export function readFields(encryption: S3Encryption | undefined): CustomerKeyFields {
  if (encryption?.kind !== 'customer') return {};
  // The SDK adds the digest of the key.
  return { SSECustomerAlgorithm: 'AES256', SSECustomerKey: encryption.key };
}
