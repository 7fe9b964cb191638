// Entry: the contract suites and the fakes, for authors of stores and brokers.
export { ManualClock } from './testkit/manual-clock.ts';
