// Holds each test of a file to this: nothing is rejected or thrown that nobody heard of.
import { afterEach, beforeEach, expect } from 'vitest';

export function expectNothingUnhandled(): void {
  let problems: unknown[];
  const onProblem = (problem: unknown) => problems.push(problem);

  beforeEach(() => {
    problems = [];
    process.on('unhandledRejection', onProblem).on('uncaughtException', onProblem);
  });

  afterEach(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onProblem).off('uncaughtException', onProblem);
    expect(problems).toEqual([]);
  });
}
