// A restore target in memory with doors to make it fail, hang or be occupied.
import type { BackupDescriptor } from '../../src/core/backup.ts';
import type { RestoredFile, RestoreStaging, RestoreTarget } from '../../src/ports/restore-target.ts';
import { bytesOf, layoutPath } from './sample-backups.ts';

type Step = 'occupants' | 'begin' | 'write' | 'seal' | 'install' | 'discard';

export class ShelfTarget implements RestoreTarget {
  readonly location = '/shelf';
  readonly calls: string[] = [];
  occupied: string[] = [];
  installed: Record<string, string> | undefined;
  staged: Record<string, string> | undefined;
  writing = 0;
  mostWriting = 0;
  /** Runs before a step; may throw or wait. */
  before: (step: Step, file?: RestoredFile) => Promise<void> | void = () => {};

  /** Set in tests of a target that can cut logs; notes what it is asked for. */
  truncateAfter?: NonNullable<RestoreTarget['truncateAfter']>;

  async occupants(): Promise<readonly string[]> {
    await this.#step('occupants');
    return this.occupied;
  }

  async begin(): Promise<RestoreStaging> {
    await this.#step('begin');
    const staged: Record<string, string> = {};
    this.staged = staged;
    return {
      write: async (file, content) => {
        this.writing += 1;
        this.mostWriting = Math.max(this.mostWriting, this.writing);
        try {
          await this.#step('write', file);
          staged[layoutPath(file)] = (await bytesOf(content)).toString();
        } finally {
          this.writing -= 1;
        }
      },
      seal: (partitionId: number, descriptor: BackupDescriptor) =>
        this.#step('seal', `${partitionId} ${descriptor.snapshotId}`),
      install: async () => {
        await this.#step('install');
        this.installed = staged;
      },
      discard: async () => {
        await this.#step('discard', `while ${this.writing} write`);
        this.staged = undefined;
      },
    };
  }

  async #step(step: Step, what?: RestoredFile | string): Promise<void> {
    this.calls.push(typeof what === 'string' ? `${step} ${what}` : step);
    await this.before(step, typeof what === 'string' ? undefined : what);
  }
}
