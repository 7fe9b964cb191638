// What may become of a stored object: every kind of damage, made from its bytes and from those of its neighbours.

export interface Damage {
  readonly how: string;
  /** Where the first byte differs. */
  readonly at: number;
  /** What is stored instead; undefined when nothing is. */
  readonly bytes: Uint8Array | undefined;
  /** The key of another object that got this one's bytes. */
  readonly swappedWith?: string;
}

export interface Neighbours {
  /** Another object of the same kind, in the same backup. */
  readonly other?: { readonly key: string; readonly bytes: Uint8Array } | undefined;
  /** What an earlier backup has in this one's place. */
  readonly older?: Uint8Array | undefined;
}

/** Offsets of the bytes that are flipped: the first, the last and these between. */
const FLIPS = 16;

/** All that changes the object. */
export function damagesOf(bytes: Uint8Array, { other, older }: Neighbours): readonly Damage[] {
  const half = Math.floor(bytes.length / 2);
  const damages: Omit<Damage, 'at'>[] = [
    ...flips(bytes),
    { how: 'cut to nothing', bytes: bytes.subarray(0, 0) },
    { how: 'cut to half', bytes: bytes.subarray(0, half) },
    { how: 'last byte cut', bytes: bytes.subarray(0, -1) },
    { how: 'byte appended', bytes: Buffer.concat([bytes, Buffer.from('x')]) },
    { how: 'filled with zeros', bytes: new Uint8Array(bytes.length) },
    {
      how: 'second half filled with zeros',
      bytes: Buffer.concat([bytes.subarray(0, half), new Uint8Array(bytes.length - half)]),
    },
    { how: 'there twice', bytes: Buffer.concat([bytes, bytes]) },
    ...(other === undefined ? [] : [{ how: 'swapped', bytes: other.bytes, swappedWith: other.key }]),
    ...(older === undefined ? [] : [{ how: 'older version', bytes: older }]),
  ];
  const changed = damages
    .map((damage) => ({ ...damage, at: firstDifference(bytes, damage.bytes ?? bytes) }))
    .filter(({ at, bytes: now }) => at < Math.max(bytes.length, now?.length ?? 0));
  return [...changed, { how: 'deleted', at: 0, bytes: undefined }];
}

function flips(bytes: Uint8Array): Omit<Damage, 'at'>[] {
  const offsets = Array.from({ length: FLIPS }, (_, nth) =>
    Math.min(bytes.length - 1, Math.floor((nth * bytes.length) / (FLIPS - 1))),
  );
  return [...new Set(offsets)].map((offset, nth) => {
    const changed = Uint8Array.from(bytes);
    changed[offset] = (changed[offset] ?? 0) ^ (1 << (nth % 8));
    return { how: 'bit flipped', bytes: changed };
  });
}

function firstDifference(before: Uint8Array, after: Uint8Array): number {
  let at = 0;
  while (at < before.length && before[at] === after[at]) at += 1;
  return at;
}
