// Damages what a native store has written, through a storage of its own on the same place.
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import type { BackupDamage } from '../../src/testkit/backup-store-contract.ts';

/** Damages the newest of the objects of a kind and gives its key. */
export async function damage(storage: ObjectStorage, kind: BackupDamage): Promise<string> {
  const [what, how] = kind.split(' ') as ['content' | 'manifest', 'changed' | 'cut' | 'missing'];
  const key = (await keys(storage)).find((name) =>
    name.includes(what === 'content' ? '/chunks/' : '/completed.'),
  );
  if (key === undefined) throw new Error(`nothing to damage for '${kind}'`);
  if (how === 'missing') {
    (await storage.delete([key]))._unsafeUnwrap();
    return key;
  }
  const bytes = Uint8Array.from((await storage.get(key))._unsafeUnwrap());
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  (await storage.put(key, how === 'changed' ? bytes : bytes.subarray(0, -1)))._unsafeUnwrap();
  return key;
}

export async function keys(storage: ObjectStorage, prefix = ''): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const startAfter = found.at(-1);
    const page = await storage.list(prefix, startAfter === undefined ? {} : { startAfter });
    const { objects, truncated } = page._unsafeUnwrap();
    found.push(...objects.map(({ key }) => key));
    if (!truncated) return found;
  }
}
