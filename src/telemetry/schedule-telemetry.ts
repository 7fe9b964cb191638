// The observer of the scheduler: what came of each time when something was due.
import type { SchedulerEvent, SchedulerObserver } from '../ports/telemetry.ts';
import type { Instruments } from './instruments.ts';

export function scheduleObserver(instruments: Instruments): SchedulerObserver {
  return (event) => instruments.add('tidemark.schedule.events', 1, attributesOf(event));
}

function attributesOf(event: SchedulerEvent): { readonly task: string; readonly result: string } {
  if (event.type === 'failed') return { task: event.job, result: 'failed' };
  if (event.type === 'cleaned') return { task: 'cleanup', result: 'completed' };
  if (event.type === 'marked') return { task: 'marker', result: 'completed' };
  return { task: 'backup', result: event.type };
}
