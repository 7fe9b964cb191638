// Runs a contract without a test framework, and counts: for a command line check, and for tables of servers.
import { type ContractCase, type ContractSubject, describeContract } from './contract.ts';

export interface ContractCount {
  readonly kept: number;
  readonly skipped: number;
  readonly broken: readonly { readonly promise: string; readonly why: string }[];
}

export interface CountOptions {
  /** Cases that need one which is declared as false are skipped. */
  readonly capabilities?: object;
  /** Looked at before each case: one that has begun comes to its end and cleans up. */
  readonly signal?: AbortSignal;
}

/** One case after the other. */
export async function countContract<Context>(
  cases: readonly ContractCase<Context>[],
  open: () => Promise<ContractSubject<Context>>,
  { capabilities = {}, signal }: CountOptions = {},
): Promise<ContractCount> {
  const runs: { readonly name: string; readonly run: () => Promise<void> }[] = [];
  const it = (name: string, run: () => Promise<void>) => runs.push({ name, run });
  describeContract({ describe: (_title, body) => body(), it }, '', cases, open, capabilities);
  const broken: { readonly promise: string; readonly why: string }[] = [];
  let kept = 0;
  for (const { name, run } of runs) {
    if (signal?.aborted) break;
    try {
      await run();
      kept += 1;
    } catch (cause) {
      broken.push({ promise: name, why: cause instanceof Error ? cause.message : String(cause) });
    }
  }
  return { kept, broken, skipped: cases.length - kept - broken.length };
}
