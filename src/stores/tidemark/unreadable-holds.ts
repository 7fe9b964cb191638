// Names the holds whose bodies cannot be read. They hold all the same, by their names, and are never deleted here.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { StoreError } from '../../core/errors.ts';
import type { CheckpointId } from '../../core/ids.ts';
import { BODY_SIZE_BYTES_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import { holdShape } from './body-shapes.ts';
import { HOLDS_PREFIX, parseHoldKey } from './keys.ts';
import { type Layout, objectName } from './layout.ts';
import { eachObject } from './list-copies.ts';
import { parseBody } from './parse-body.ts';

export interface UnreadableHold {
  readonly checkpointId: CheckpointId;
  readonly object: string;
  readonly detail: string;
}

export function unreadableHolds(
  { storage }: Layout,
  signal: AbortSignal,
): ResultAsync<readonly UnreadableHold[], StoreError> {
  return fromAsync<readonly UnreadableHold[], StoreError>(async () => {
    const found: { readonly checkpointId: CheckpointId; readonly key: string }[] = [];
    const listed = await eachObject(storage, { prefix: HOLDS_PREFIX, signal }, ({ key }) => {
      const checkpointId = parseHoldKey(key);
      if (checkpointId !== undefined) found.push({ checkpointId, key });
      return 'go on';
    });
    if (listed.isErr()) return err(listed.error);
    const unreadable: UnreadableHold[] = [];
    for (const { checkpointId, key } of found) {
      const body = await storage.get(key, { range: { start: 0, length: BODY_SIZE_BYTES_MAX }, signal });
      if (body.isErr()) {
        // Released meanwhile.
        if (body.error.name === 'ObjectNotFound') continue;
        return err(body.error);
      }
      const object = objectName(storage, key);
      const parsed = parseBody(object, body.value, holdShape);
      if (parsed.isErr()) unreadable.push({ checkpointId, object, detail: parsed.error.message });
    }
    return ok(unreadable);
  });
}
