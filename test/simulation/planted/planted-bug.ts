// A bug put into the source on purpose, by changing its text while it is loaded. The source itself has no switch.

export interface PlantedBug {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** It is looked for in runs with markers. */
  readonly pointsInTime?: true;
}

/** `find` must stand in the file exactly once, else the run ends: the bug would not be planted. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
