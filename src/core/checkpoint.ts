// What kinds of checkpoints there are.

/**
 * What a checkpoint is made for. Both are the same cut. At a `backup` each partition takes its backup; a `marker` is a
 * point to restore to and uploads nothing: the log of a later backup holds it. Absent, in what was written before there
 * were markers, reads as `backup`.
 */
export type CheckpointType = 'backup' | 'marker';
