// Keys in files of their own, as Docker and Kubernetes mount secrets: read when a store is opened. Never says what is
// in a file, and never takes a part of one for a key.
import { err, ok, type ResultAsync } from 'neverthrow';
import { InvalidConfiguration } from '../core/errors.ts';
import { fromAsync } from '../core/result.ts';
import { readSmallFile } from '../runtime/small-file.ts';
import type { BackupStoreSettings, EncryptionKey, EncryptionKeyFile } from './backup-store-settings.ts';
import { encryptionKeyProblems } from './settings-rules.ts';

/** A key has 44 characters and perhaps a line end. What is longer is another file. */
const LIMIT_BYTES = 256;

/** The same settings with the keys themselves. Settings without files come back as they are. */
export function withKeyFiles(
  settings: BackupStoreSettings,
): ResultAsync<BackupStoreSettings, InvalidConfiguration> {
  return fromAsync<BackupStoreSettings, InvalidConfiguration>(async () => {
    if (!('encryptionKeyFiles' in settings) || settings.encryptionKeyFiles === undefined) return ok(settings);
    const { encryptionKeyFiles: files, ...others } = settings;
    if (others.encryptionKeys !== undefined) {
      return err(new InvalidConfiguration(['encryptionKeys and encryptionKeyFiles must not both be set']));
    }
    const keys: EncryptionKey[] = [];
    const problems: string[] = [];
    for (const file of files) {
      const read = await readKey(file);
      if (read.isOk()) keys.push(read.value);
      else problems.push(`encryptionKeyFiles: ${file.path} (key ${file.id}) ${read.error}`);
    }
    if (problems.length === 0) problems.push(...encryptionKeyProblems(keys));
    return problems.length > 0
      ? err(new InvalidConfiguration(problems))
      : ok({ ...others, encryptionKeys: keys });
  });
}

/** The key, or what is wrong with the file. */
function readKey({ id, path }: EncryptionKeyFile): ResultAsync<EncryptionKey, string> {
  return readSmallFile(path, LIMIT_BYTES).andThen((bytes) => {
    const secret = Buffer.from(bytes).toString('latin1').trim();
    const isKey = encryptionKeyProblems([{ id: 'file', secret }]).length === 0;
    return isKey
      ? ok({ id, secret })
      : err("must hold 32 random bytes in base64, as 'openssl rand -base64 32' prints");
  });
}
