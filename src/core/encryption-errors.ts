// What can go wrong with the keys of an encrypted store: one is not configured, is another one, or what it wraps is
// damaged.
import { BackupError } from './backup-error.ts';

/** What is stored is encrypted, and none of the keys that would open it is configured. Configure one of them. */
export class EncryptionKeyMissing extends BackupError {
  override readonly name = 'EncryptionKeyMissing';
  override readonly retryable = false;
  /** The ids of the keys of which one is needed. Empty where the store has none yet. */
  readonly keyIds: readonly string[];
  constructor(object: string, keyIds: readonly string[]) {
    const advice =
      keyIds.length === 0
        ? 'set tidemark.encryption.keys'
        : `one of these keys is needed: [${keyIds.join(', ')}]; add it to tidemark.encryption.keys`;
    super(`the store is encrypted and the key is missing: object=${object} ${advice}`);
    this.keyIds = keyIds;
  }
}

/**
 * The configured key has the right id and does not open the data key. The object is whole as far as its own digest
 * tells, so it is another secret.
 */
export class EncryptionKeyWrong extends BackupError {
  override readonly name = 'EncryptionKeyWrong';
  override readonly retryable = false;
  readonly keyId: string;
  constructor(object: string, keyId: string) {
    super(
      `the key does not open the store: key=${keyId} object=${object}; correct its secret in ` +
        'tidemark.encryption.keys, or bring the object back from a copy of the bucket',
    );
    this.keyId = keyId;
  }
}

/** A data key of the place is gone or damaged, whatever key is configured. What it encrypts cannot be read without. */
export class EncryptionKeyDamaged extends BackupError {
  override readonly name = 'EncryptionKeyDamaged';
  override readonly retryable = false;
  /** The full name of the object, or of the folder that has none any more. */
  readonly object: string;
  readonly detail: string;
  constructor(object: string, detail: string) {
    super(
      `a wrapped data key of the store is damaged: object=${object} ${detail}; bring it back from a copy of ` +
        "the bucket, or configure another key that opens this data key, and run 'tidemark repair'",
    );
    this.object = object;
    this.detail = detail;
  }
}
