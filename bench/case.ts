// What a case is: contenders over the same data, and the ratios that are to hold.
import type { Contender, Cost } from './measure.ts';
import type { Bucket } from './s3.ts';

/** Where the contenders of one run work. */
export interface Surroundings {
  /** A real S3 server, when there is one. */
  readonly bucket: Bucket | undefined;
  /** A server that throws large bodies away. */
  readonly discarding: Bucket;
  /** A program that drives Zeebe's own S3 store: `save|restore BUCKET CHECKPOINT PARTITIONS DIR ...`. */
  readonly zeebeStore: string | undefined;
  readonly rclone: string | undefined;
  /** An empty directory for this run, removed after it. */
  readonly scratch: string;
}

/** A figure of a case's own: how its column is headed, and what it counts in. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  readonly unit: 'seconds' | 'milliseconds' | 'bytes' | 'number';
}

/** A ratio of two contenders' medians that is to be at most (or at least) `bound`. */
export interface Goal {
  /** A field of what a contender printed. */
  readonly figure: string;
  readonly of: string;
  /** Another contender; absent: the figure itself is bound, or, for sentBytes, its part of all bytes. */
  readonly against?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Case {
  readonly name: string;
  /** One sentence. */
  readonly title: string;
  readonly goals: readonly Goal[];
  /** The columns of its table. Absent: time, CPU and memory, against the first contender. */
  readonly figures?: readonly Figure[];
  /** Those that can run here; the others with the reason. */
  contenders(surroundings: Surroundings): Promise<{
    readonly runs: readonly Contender[];
    readonly missing: readonly string[];
  }>;
}

export type { Contender, Cost };
