// One thing that is not as it should be in a backup.

export interface Finding {
  /** `error`: the backup cannot be restored, or not to what it was. `warning`: it can; somebody should know. */
  readonly severity: 'error' | 'warning';
  /** The file, or what the store calls the damaged object. */
  readonly object: string;
  /** In bytes, where there is one. */
  readonly offset?: number;
  readonly what: string;
  /** What a restore would make of it, Zeebe's or ours, where they differ both. */
  readonly whatRestoreWouldDo: string;
}
