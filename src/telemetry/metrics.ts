// Every metric: its name, kind, unit and attributes. docs/reference/metrics.md says the same, and a test holds them
// together. Attributes have few values: no id of a backup may become one. None is called `job` or `instance`: those
// labels are Prometheus' own.

/** What is known of a metric before anything is measured. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** In UCUM, as OpenTelemetry wants it: `s`, `By`, or the thing that is counted in braces. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly string[];
}

/**
 * The names end in their unit where they have one: then an exporter that appends units and one that does not make the
 * same Prometheus name.
 */
export const METRICS = {
  'tidemark.backup.age.seconds': {
    kind: 'gauge',
    unit: 's',
    description:
      'Time since the newest completed backup of the partition was begun: what a disaster would lose now',
    attributes: ['partition'],
  },
  'tidemark.backup.missing': {
    kind: 'gauge',
    unit: '{partition}',
    description:
      '1 while the store holds no completed backup of the partition, else 0; absent while nobody knows',
    attributes: ['partition'],
  },
  'tidemark.backup.attempts': {
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to back up the partition that have ended',
    attributes: ['partition', 'result'],
  },
  'tidemark.backup.failures': {
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts that failed, by the name of the error',
    attributes: ['partition', 'error.type'],
  },
  'tidemark.backup.running': {
    kind: 'gauge',
    unit: '{attempt}',
    description: 'Attempts that are under way',
    attributes: ['partition'],
  },
  'tidemark.backup.duration.seconds': {
    kind: 'histogram',
    unit: 's',
    description: 'Time of an attempt from its start to its end',
    attributes: ['partition', 'result'],
  },
  'tidemark.backup.phase.seconds': {
    kind: 'histogram',
    unit: 's',
    description: 'Time of one phase of an attempt',
    attributes: ['partition', 'phase', 'result'],
  },
  'tidemark.backup.bytes': {
    kind: 'counter',
    unit: 'By',
    description: 'Bytes of files that attempts have stored, or found in the store already',
    attributes: ['partition', 'source'],
  },
  'tidemark.backup.throttled.seconds': {
    kind: 'counter',
    unit: 's',
    description: 'Time that attempts paused because the broker was busy',
    attributes: ['partition'],
  },
  'tidemark.backup.pin.age.seconds': {
    kind: 'gauge',
    unit: 's',
    description: 'How long the oldest pinned files of the partition have been pinned; 0 while none are',
    attributes: ['partition'],
  },
  'tidemark.backup.deletes': {
    kind: 'counter',
    unit: '{backup}',
    description: 'Deletes of a backup on the partition that have ended',
    attributes: ['partition', 'result'],
  },
  'tidemark.checkpoints': {
    kind: 'counter',
    unit: '{checkpoint}',
    description: 'CREATE commands that the partition has processed',
    attributes: ['partition', 'result'],
  },
  'tidemark.store.retries': {
    kind: 'counter',
    unit: '{request}',
    description: 'Requests that failed and were sent again',
    attributes: ['operation', 'reason'],
  },
  'tidemark.restore.runs': {
    kind: 'counter',
    unit: '{restore}',
    description: 'Restores of this node that have ended',
    attributes: ['result'],
  },
  'tidemark.restore.duration.seconds': {
    kind: 'histogram',
    unit: 's',
    description: 'Time of a restore from its start to its end',
    attributes: ['result'],
  },
  'tidemark.restore.done.bytes': {
    kind: 'gauge',
    unit: 'By',
    description: 'What the running or last restore has written of the partition',
    attributes: ['partition'],
  },
  'tidemark.restore.total.bytes': {
    kind: 'gauge',
    unit: 'By',
    description: 'What the running or last restore has to write of the partition',
    attributes: ['partition'],
  },
  'tidemark.verify.runs': {
    kind: 'counter',
    unit: '{backup}',
    description: 'Verifications that have ended',
    attributes: ['result'],
  },
  'tidemark.schedule.events': {
    kind: 'counter',
    unit: '{event}',
    description: 'What came of the times when the scheduler had a backup, a marker or a cleanup due',
    attributes: ['task', 'result'],
  },
  'tidemark.retention.runs': {
    kind: 'counter',
    unit: '{run}',
    description: 'Runs of the retention that have ended, without dry ones',
    attributes: ['result'],
  },
  'tidemark.retention.backups': {
    kind: 'gauge',
    unit: '{backup}',
    description: 'What the last run of the retention decided, without dry ones',
    attributes: ['reason'],
  },
  'tidemark.retention.deletes': {
    kind: 'counter',
    unit: '{backup}',
    description: 'Backups that the retention has deleted',
    attributes: [],
  },
  'tidemark.sweep.runs': {
    kind: 'counter',
    unit: '{run}',
    description: 'Sweeps that have ended, without dry ones',
    attributes: ['result'],
  },
  'tidemark.sweep.freed.bytes': {
    kind: 'counter',
    unit: 'By',
    description: 'Bytes that sweeps have deleted',
    attributes: ['partition'],
  },
  'tidemark.sweep.chunk.bytes': {
    kind: 'gauge',
    unit: 'By',
    description: 'Bytes of chunks in the store as the last sweep found them, before it deleted',
    attributes: ['partition', 'state'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;

/** The metrics of one kind. */
export type NameOf<K extends MetricDefinition['kind']> = {
  [N in MetricName]: (typeof METRICS)[N]['kind'] extends K ? N : never;
}[MetricName];

/** Exactly the attributes of a metric. */
export type AttributesOf<N extends MetricName> = {
  readonly [A in (typeof METRICS)[N]['attributes'][number]]: string | number;
};
