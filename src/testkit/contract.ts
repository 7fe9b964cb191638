// Contracts as data: a list of named cases, and a runner that hands them to any test framework. A case never
// knows which framework runs it, so vitest, node:test and a command line check can run the same ones.

/** One promise of a port. Its name is the sentence of the port's documentation that it checks. */
export interface ContractCase<Context> {
  readonly name: string;
  /** The capability without which the promise is not made. Such a case is skipped where the subject lacks it. */
  readonly needs?: string;
  /** Throws when the promise is not kept. */
  run(context: Context): Promise<void>;
}

/** What is needed of a test framework: vitest's and node:test's `describe` and `it` fit as they are. */
export interface ContractRunner {
  describe(title: string, body: () => void): unknown;
  it: {
    (name: string, body: () => Promise<void>): unknown;
    /** Shows a case that is not run. Without it the case is left out. */
    skip?(name: string, body: () => Promise<void>): unknown;
  };
}

/** What one case runs against. */
export interface ContractSubject<Context> {
  readonly context: Context;
  /** Called after the case, however it ended. */
  close(): Promise<void>;
}

/**
 * Declares one test per case. Each case opens a subject of its own and closes it. With `capabilities`, a case that
 * needs one which is declared as false is skipped, and its name says why.
 */
export function describeContract<Context>(
  runner: ContractRunner,
  title: string,
  cases: readonly ContractCase<Context>[],
  open: () => Promise<ContractSubject<Context>>,
  capabilities: object = {},
): void {
  runner.describe(title, () => {
    for (const contractCase of cases) {
      const { name, needs } = contractCase;
      const run = async () => {
        const subject = await open();
        try {
          await contractCase.run(subject.context);
        } finally {
          await subject.close();
        }
      };
      const isPromised = needs === undefined || new Map(Object.entries(capabilities)).get(needs) !== false;
      if (isPromised) runner.it(name, run);
      else runner.it.skip?.(`${name} (needs ${needs})`, run);
    }
  });
}
