// Spans at the times that tidemark's own clock tells. Ids belong here, not on metrics.
import {
  type Attributes,
  type HrTime,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { BackupError } from '../core/errors.ts';
import type { Clock } from '../ports/environment.ts';

/** The parts of an id that there are. */
export interface SpanIds {
  readonly checkpointId: bigint;
  readonly partitionId?: number;
  readonly nodeId?: number;
}

export class Spans {
  readonly #tracer: Tracer;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(tracer: Tracer, clock: Pick<Clock, 'now'>) {
    this.#tracer = tracer;
    this.#clock = clock;
  }

  /** Begins a span now, below the span that is active where this is called. */
  start(name: string, ids: SpanIds): Span {
    return this.#tracer.startSpan(name, {
      startTime: hrTime(this.#clock.now()),
      attributes: attributesOf(ids),
    });
  }

  /** A span that has ended just now. */
  past(name: string, ids: SpanIds, durationMs: number, options: PastSpan = {}): void {
    const now = this.#clock.now();
    const { parent, error } = options;
    const span = this.#tracer.startSpan(
      name,
      { startTime: hrTime(now - durationMs), attributes: attributesOf(ids) },
      ...(parent === undefined ? [] : [trace.setSpan(ROOT_CONTEXT, parent)]),
    );
    this.end(span, error);
  }

  /** Ends the span now. */
  end(span: Span, error?: BackupError | Error, attributes: Attributes = {}): void {
    span.setAttributes(attributes);
    if (error !== undefined) {
      span.setAttribute('error.type', error.name);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    }
    span.end(hrTime(this.#clock.now()));
  }
}

interface PastSpan {
  readonly parent?: Span | undefined;
  readonly error?: BackupError | undefined;
}

/** 64-bit ids as text: a double would round them. */
function attributesOf({ checkpointId, partitionId, nodeId }: SpanIds): Attributes {
  return {
    'tidemark.checkpoint.id': checkpointId.toString(),
    ...(partitionId === undefined ? {} : { 'tidemark.partition.id': partitionId }),
    ...(nodeId === undefined ? {} : { 'tidemark.node.id': nodeId }),
  };
}

/** Seconds and nanoseconds: a plain number might be taken for the time since the process began. */
function hrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}
