// A body of the native layout, from bytes to its shape. What this version does not know is told apart from damage,
// and is looked for first: newer shapes may differ.
import { err, ok, type Result } from 'neverthrow';
import type { z } from 'zod';
import { BackupCorrupt, StoreFailure } from '../../core/errors.ts';
import { CIPHER, shapeProblem } from './body-shapes.ts';
import { parseJsonBytes } from './lossless-text.ts';
import { FORMAT } from './manifest.ts';

/** BackupCorrupt: it is damaged. StoreFailure: it is whole, and of a kind that this version does not know. */
export function parseBody<T>(
  object: string,
  bytes: Uint8Array,
  shape: z.ZodType<T>,
): Result<T, BackupCorrupt | StoreFailure> {
  let json: unknown;
  try {
    json = parseJsonBytes(bytes);
  } catch (cause) {
    return err(new BackupCorrupt(object, 'is no JSON', cause));
  }
  const unknown = unknownFeature(json);
  if (unknown !== undefined) return err(tooNew(object, unknown));
  const shaped = shape.safeParse(json);
  return shaped.success ? ok(shaped.data) : err(new BackupCorrupt(object, shapeProblem(shaped.error)));
}

/** What a body asks for that this version cannot give, read before its shape: newer shapes may differ. */
export function unknownFeature(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { format, encryption } = json as { readonly format?: unknown; readonly encryption?: unknown };
  if (format !== FORMAT) return `format=${typeof format === 'number' ? format : typeof format}`;
  if (encryption === undefined || encryption === null) return undefined;
  const cipher = typeof encryption === 'object' && 'cipher' in encryption ? encryption.cipher : undefined;
  if (cipher === CIPHER) return undefined;
  return typeof cipher === 'string' ? `encryption=${cipher.slice(0, 40)}` : 'encryption';
}

export function tooNew(object: string, feature: string): StoreFailure {
  return new StoreFailure(
    'read manifest',
    `object=${object} has ${feature}, which this version does not know; use a newer one`,
  );
}
