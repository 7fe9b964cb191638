// A stopped Zeebe broker's data directory. It only reads; a broker that runs there is refused where that can
// be told.
import { join, resolve } from 'node:path';
import { err, ok, type ResultAsync } from 'neverthrow';
import { DataDirectoryInUse } from '../core/data-directory-in-use.ts';
import { BrokerFailure, InvalidInput } from '../core/errors.ts';
import type { NodeId } from '../core/ids.ts';
import { fromAsync } from '../core/result.ts';
import { databaseLock, memberFile, partitionsOf } from './data-directory-paths.ts';
import { isLocked, listDirectory, readText } from './disk-reading.ts';
import { ZeebePartition } from './zeebe-partition.ts';

export interface ZeebeDataDirectorySettings {
  /** Zeebe's `data.directory` of a node. */
  readonly directory: string;
}

export interface OpenedDataDirectory {
  /** Which node it belonged to, where its files tell. */
  readonly nodeId: NodeId | undefined;
  /** In ascending order. */
  readonly partitions: readonly ZeebePartition[];
}

/** What a broker left on its disk. */
export class ZeebeDataDirectory {
  readonly #directory: string;

  constructor({ directory }: ZeebeDataDirectorySettings) {
    this.#directory = resolve(directory);
  }

  /**
   * Lists the partitions. InvalidInput: there are none, so this is no data directory. DataDirectoryInUse: its broker
   * runs. BrokerFailure: the disk cannot be read.
   */
  open(): ResultAsync<OpenedDataDirectory, InvalidInput | DataDirectoryInUse | BrokerFailure> {
    return fromAsync<OpenedDataDirectory, InvalidInput | DataDirectoryInUse | BrokerFailure>(async () => {
      try {
        return await this.#open();
      } catch (cause) {
        if (cause instanceof BrokerFailure) return err(cause);
        throw cause;
      }
    });
  }

  async #open() {
    const parent = partitionsOf(this.#directory);
    const names = (await listDirectory(parent))?.directories ?? [];
    const partitionIds = names
      .filter((name) => /^[1-9]\d{0,8}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
    if (partitionIds.length === 0) {
      const detail = `no partitions in ${parent}; name the directory that holds raft-partition`;
      return err(new InvalidInput('data directory', detail));
    }
    let nodeId: NodeId | undefined;
    for (const partitionId of partitionIds) {
      const directory = join(parent, String(partitionId));
      const member = memberFile(directory, partitionId);
      for (const lock of [databaseLock(directory), member]) {
        if (await isLocked(lock)) return err(new DataDirectoryInUse(this.#directory, lock));
      }
      nodeId ??= parseMember(await readText(member));
    }
    const partitions = partitionIds.map(
      (partitionId) => new ZeebePartition({ partitionId, directory: join(parent, String(partitionId)) }),
    );
    return ok({ nodeId, partitions });
  }
}

/** The member id is the node's number as text. */
function parseMember(text: string | undefined): NodeId | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : undefined;
}
