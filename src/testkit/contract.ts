// Contracts as data: a list of named cases, and a runner that hands them to any test framework. A case never
// knows which framework runs it, so vitest, node:test and a command line check can run the same ones.

/** One promise of a port. Its name is the sentence of the port's documentation that it checks. */
export interface ContractCase<Context> {
  readonly name: string;
  /** Throws when the promise is not kept. */
  run(context: Context): Promise<void>;
}

/** What is needed of a test framework: vitest's and node:test's `describe` and `it` fit as they are. */
export interface ContractRunner {
  describe(title: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** What one case runs against. */
export interface ContractSubject<Context> {
  readonly context: Context;
  /** Called after the case, however it ended. */
  close(): Promise<void>;
}

/** Declares one test per case. Each case opens a subject of its own and closes it. */
export function describeContract<Context>(
  runner: ContractRunner,
  title: string,
  cases: readonly ContractCase<Context>[],
  open: () => Promise<ContractSubject<Context>>,
): void {
  runner.describe(title, () => {
    for (const contractCase of cases) {
      runner.it(contractCase.name, async () => {
        const subject = await open();
        try {
          await contractCase.run(subject.context);
        } finally {
          await subject.close();
        }
      });
    }
  });
}
