// What can go wrong with the keys of an encrypted store. Damage is not among it: that is a BackupCorrupt.
import { BackupError } from './backup-error.ts';

/** What is stored is encrypted, and none of the keys that would open it is configured. Configure one of them. */
export class EncryptionKeyMissing extends BackupError {
  override readonly name = 'EncryptionKeyMissing';
  override readonly retryable = false;
  /** The ids of the keys of which one is needed. Empty where the store does not hold them any more. */
  readonly keyIds: readonly string[];
  constructor(object: string, keyIds: readonly string[]) {
    const advice =
      keyIds.length === 0
        ? 'its wrapped data key is gone from the store: bring it back from a copy of the bucket'
        : `one of these keys is needed: [${keyIds.join(', ')}]; add it to tidemark.encryption.keys`;
    super(`the store is encrypted and the key is missing: object=${object} ${advice}`);
    this.keyIds = keyIds;
  }
}

/** The configured key has the right id and does not open the data key: another secret, or the object is damaged. */
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
