// Holds what was restored against what the partitions had when they passed the checkpoint, and the partitions against
// each other: nothing received that was not sent, no money made or lost, nothing acknowledged forgotten.
import type { CheckpointId } from '../../../src/core/ids.ts';
import type { LogBook } from '../log-book.ts';
import { rowsOf, type StateData } from '../memory-state.ts';
import { hold } from '../violation.ts';

/** The files of one restored partition: segments and snapshots by their paths below the partition. */
export interface RestoredFiles {
  readonly partitionId: number;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Compares the files of a partition with the log book, byte for byte. */
export function checkFiles(book: LogBook, id: CheckpointId, { partitionId, files }: RestoredFiles): void {
  const partition = book.partition(partitionId);
  const cut = partition.cut(id);
  const same = 'a restore gives the cut, byte for byte' as const;
  hold(cut !== undefined, same, () => `partition ${partitionId} never passed checkpoint ${id}`);
  let next = 0n;
  let replayFrom = 1n;
  for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const segment = /^log\/(\d{20})\.log$/.exec(path)?.[1];
    if (segment !== undefined) {
      const first = BigInt(segment);
      hold(next === 0n || first === next, same, () => `partition ${partitionId}: a gap before ${path}`);
      if (next === 0n) next = first;
      const from = next;
      for (let at = 0; at < bytes.length; next += 1n)
        at += partition.records[Number(next) - 1]?.bytes.length ?? 1e9;
      const expected = partition.bytes(from, next - 1n);
      hold(expected.equals(bytes), same, () => `partition ${partitionId}: ${path} holds other bytes`);
      continue;
    }
    const snapshot = /^snapshots\/(\d+-\d+)\/state\.db$/.exec(path)?.[1];
    hold(snapshot !== undefined, same, () => `partition ${partitionId}: there is ${path}`);
    const position = BigInt(snapshot.split('-')[0] ?? 0);
    hold(
      position < cut.position,
      same,
      () => `partition ${partitionId}: ${path} is newer than ${cut.position}`,
    );
    const taken = partition.snapshots.get(snapshot);
    hold(taken?.equals(bytes) === true, same, () => `partition ${partitionId}: ${path} holds other bytes`);
    replayFrom = position + 1n;
  }
  const last = next - 1n;
  hold(
    last === cut.position,
    same,
    () => `partition ${partitionId}: the log ends at ${last}, not ${cut.position}`,
  );
  const firstPath = [...files.keys()].filter((path) => path.startsWith('log/')).sort()[0] ?? '';
  const first = BigInt(/(\d{20})/.exec(firstPath)?.[1] ?? 0);
  hold(
    first <= replayFrom,
    same,
    () => `partition ${partitionId}: the log begins at ${first}, not ${replayFrom}`,
  );
}

/** Compares the state that a restored partition starts with. */
export function checkState(book: LogBook, id: CheckpointId, partitionId: number, data: StateData): void {
  const cut = book.partition(partitionId).cut(id);
  hold(
    rowsOf(data) === cut?.rows,
    'a restore gives the cut, byte for byte',
    () => `partition ${partitionId} starts with another state than it had at checkpoint ${id}`,
  );
  for (const transfer of cut.acknowledged) {
    hold(
      data.transfers.has(transfer),
      'what was acknowledged is in the backup',
      () => `transfer ${transfer} is not in backup ${id} of partition ${partitionId}`,
    );
  }
}

/** Holds the states of all partitions against each other; `opened` tells how much money there is. */
export function checkTogether(what: string, states: ReadonlyMap<number, StateData>): void {
  let balance = 0;
  let opened = 0;
  let inFlight = 0;
  for (const [partitionId, state] of states) {
    for (const account of state.accounts.values()) {
      balance += account.balance;
      opened += account.opened;
    }
    for (const credit of state.credits.values()) {
      hold(
        states.get(credit.sender)?.transfers.has(credit.id) === true,
        'nothing is received that was not sent',
        () => `${what}: partition ${partitionId} has the credit of ${credit.id}, its sender has not sent it`,
      );
    }
    for (const transfer of state.transfers.values()) {
      const credit = states.get(transfer.receiver)?.credits.get(`${partitionId}/${transfer.id}`);
      if (transfer.state === 'pending') {
        if (credit?.outcome !== 'applied') inFlight += transfer.amount;
        continue;
      }
      hold(
        credit !== undefined,
        'nothing is received that was not sent',
        () => `${what}: ${transfer.id} is settled, its receiver has not answered`,
      );
    }
  }
  hold(
    balance + inFlight === opened,
    'no money is made or lost',
    () => `${what}: ${balance} on accounts and ${inFlight} in flight of ${opened}`,
  );
}
