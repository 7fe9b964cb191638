// Runs the checks one after the other, clears up whatever comes, and keeps what was found. It writes only under a
// scratch prefix of its own, and nothing at all when it may only read.
import { err, ok, type ResultAsync } from 'neverthrow';
import { Aborted, isBackupError, type StoreError } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import type { Random } from '../../ports/environment.ts';
import { CLOCK, nameOf, PERMISSIONS, PUT, REACH, READ_PERMISSIONS } from './access-checks.ts';
import { type ContractSubjects, contractChecks } from './contract-checks.ts';
import type { Check, CheckTools, Finding } from './finding.ts';
import { LIST_CHECKS, ODD_ORDER } from './list-checks.ts';
import { clearScratch, newScratch } from './scratch.ts';
import { SPEED } from './speed-check.ts';
import { CREATE_ONLY, WRITE_CHECKS } from './write-checks.ts';

export interface CheckupOptions extends Omit<CheckTools, 'scratch'>, Omit<ContractSubjects, 'traits'> {
  readonly random: Random;
  readonly readOnly: boolean;
  readonly onFinding?: (finding: Finding) => void;
}

/** All findings in the order of the checks. An Err only when it was called off: then too all is cleared up. */
export function checkup(options: CheckupOptions): ResultAsync<readonly Finding[], Aborted> {
  return fromAsync<readonly Finding[], Aborted>(async () => {
    const tools: CheckTools = { ...options, scratch: newScratch(options.clock, options.random) };
    const findings = new Findings(tools, options.onFinding);
    if (await findings.add(REACH)) {
      if (options.readOnly) {
        await findings.add(CLOCK);
        await findings.add(READ_PERMISSIONS);
      } else {
        try {
          await writeAndLook(findings, options);
        } finally {
          if (!findings.refused(nameOf(tools, PUT)))
            await findings.add({ name: 'clear up', run: () => clear(tools) }, true);
        }
      }
    }
    return options.signal.aborted ? err(new Aborted('doctor')) : ok(findings.all);
  });
}

async function writeAndLook(findings: Findings, options: CheckupOptions): Promise<void> {
  await findings.add(CLOCK);
  // What may not be written cannot be looked at: all that follows would only say so again.
  if (!(await findings.add(PERMISSIONS))) return;
  for (const check of [...WRITE_CHECKS, ...LIST_CHECKS, SPEED]) await findings.add(check);
  const traits = {
    createOnly: findings.isOk(CREATE_ONLY),
    plainKeysOnly: !findings.isOk(ODD_ORDER),
  };
  for (const check of contractChecks({ ...options, traits })) await findings.add(check);
}

class Findings {
  readonly all: Finding[] = [];
  readonly #tools: CheckTools;
  readonly #onFinding: ((finding: Finding) => void) | undefined;

  constructor(tools: CheckTools, onFinding: ((finding: Finding) => void) | undefined) {
    this.#tools = tools;
    this.#onFinding = onFinding;
  }

  /** Says whether nothing of it failed. */
  async add({ name, run }: Check, always = false): Promise<boolean> {
    if (this.#tools.signal.aborted && !always) return false;
    const found = await this.#run(run);
    if (this.#tools.signal.aborted && !always) return false;
    for (const each of found) {
      const finding = { check: name, ...each };
      this.all.push(finding);
      this.#onFinding?.(finding);
    }
    return found.every(({ state }) => state !== 'failed');
  }

  /** Whether this permission is known to be missing. */
  refused(permission: string): boolean {
    return this.all.some(({ found }) => found === `${permission} is denied`);
  }

  isOk({ name }: Check): boolean {
    return this.all.some(({ check, state }) => check === name && state === 'ok');
  }

  async #run(run: Check['run']): Promise<readonly Omit<Finding, 'check'>[]> {
    try {
      return await run(this.#tools);
    } catch (cause) {
      if (!isBackupError(cause)) throw cause;
      return [{ state: 'failed', found: cause.message, error: cause as StoreError }];
    }
  }
}

async function clear({ clock, storage, scratch }: CheckTools): Promise<readonly Omit<Finding, 'check'>[]> {
  const cleared = await clearScratch(clock, storage, scratch);
  if (cleared.isOk()) return [{ state: 'ok', found: 'nothing is left of this check' }];
  const advice = `delete what lies under ${storage.location}/${scratch} by hand: no backup uses it`;
  return [{ state: 'warning', found: cleared.error.message, advice }];
}
