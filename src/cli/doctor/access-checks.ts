// May we do what backups need, one line for each permission, and does our clock agree with the store's?
import type { BackupError, StoreError } from '../../core/errors.ts';
import { type Check, type CheckTools, type Finding, isSame, text } from './finding.ts';
import { must } from './must.ts';
import { FIRST_KEY } from './scratch.ts';

/** S3 refuses signatures that are a quarter of an hour off; what is less already spoils the times that people read. */
const SKEW_MS = 5_000;
const SKEW_REFUSED_MS = 15 * 60_000;

/** The first of all: nothing else is asked of a store that does not answer. */
export const REACH: Check = {
  name: 'reach',
  async run({ storage, signal }) {
    const page = await storage.list('', { limit: 1, signal });
    // Denied is an answer: the permissions are looked at one by one.
    if (page.isErr() && page.error.name !== 'StoreAccessDenied') throw page.error;
    return [{ state: 'ok', found: `${storage.location} answers` }];
  },
};

export const CLOCK: Check = {
  name: 'clock',
  async run({ storage, clock, signal }) {
    const before = clock.now();
    const page = await storage.list('', { limit: 1, signal });
    if (page.isErr() && page.error.name === 'StoreAccessDenied')
      return [{ state: 'skipped', found: 'it is read from a listing, and that is denied' }];
    if (page.isErr()) throw page.error;
    const { now } = page.value;
    // The date of an answer has whole seconds: it may be a second older than the answer.
    const apart = now + 1_000 < before ? before - now : Math.max(0, now - clock.now());
    if (apart < SKEW_MS) return [{ state: 'ok', found: `within ${SKEW_MS / 1_000} s of the store's` }];
    return [
      {
        state: apart < SKEW_REFUSED_MS ? 'warning' : 'failed',
        found: `${Math.round(apart / 1_000)} s ${now < before ? 'ahead of' : 'behind'} the store's`,
        advice: 'set the clock of this machine by NTP: S3 refuses requests that are 15 min off',
      },
    ];
  },
};

/** One step of a backup's life, and what S3 calls the permission for it. */
interface Permission {
  readonly action: string;
  readonly plain: string;
  readonly neededBy: string;
  try(tools: CheckTools): Promise<unknown>;
}

const LIST: Permission = {
  action: 's3:ListBucket',
  plain: 'list',
  neededBy: 'every command',
  try: ({ storage, signal }) => must(storage.list('', { limit: 1, signal })),
};
/** Where this failed nothing was written. */
export const PUT: Permission = {
  action: 's3:PutObject',
  plain: 'write',
  neededBy: 'taking, holding and labelling backups',
  try: ({ storage, scratch, signal }) => must(storage.put(`${scratch}${FIRST_KEY}`, text('x'), { signal })),
};
const GET: Permission = {
  action: 's3:GetObject',
  plain: 'read',
  neededBy: 'taking, verifying and restoring backups',
  try: ({ storage, scratch, signal }) => must(storage.get(`${scratch}${FIRST_KEY}`, { signal })),
};
const MISSING: Permission = {
  action: 's3:ListBucket, for 404 and not 403 on what is missing',
  plain: 'look for what is not there',
  neededBy: 'telling an object that is missing from one that is denied',
  async try({ storage, scratch, signal }) {
    const got = await storage.get(`${scratch}access/missing`, { signal });
    if (got.isErr() && got.error.name !== 'ObjectNotFound') throw got.error;
  },
};
const DELETE: Permission = {
  action: 's3:DeleteObject',
  plain: 'delete',
  neededBy: 'ending, deleting, pruning and sweeping backups',
  try: ({ storage, scratch, signal }) => must(storage.delete([`${scratch}${FIRST_KEY}`], { signal })),
};
const ABORT: Permission = {
  action: 's3:AbortMultipartUpload',
  plain: 'throw parts away',
  neededBy: 'clearing up after a large file that could not be sent',
  async try({ storage, scratch, signal }) {
    const upload = await must(
      storage.startUpload(`${scratch}access/parts`, { partSizeBytes: 5 * 1024 * 1024, signal }),
    );
    await must(upload.abort({ signal }));
  },
};

export const PERMISSIONS: Check = {
  name: 'permissions',
  run: (tools) => ask(tools, [LIST, PUT, GET, MISSING, DELETE, ...(tools.layout === 'zeebe' ? [ABORT] : [])]),
};

/** For those who may not write: what a restore needs. Reads the first object that is there. */
export const READ_PERMISSIONS: Check = {
  name: 'permissions',
  async run(tools) {
    const listed = await ask(tools, [LIST, MISSING]);
    const page = await tools.storage.list('', { limit: 1, signal: tools.signal });
    const first = page.isOk() ? page.value.objects[0] : undefined;
    if (first === undefined)
      return [...listed, { state: 'skipped', found: `${nameOf(tools, GET)}: nothing is there to read` }];
    const read: Permission = {
      ...GET,
      async try({ storage, signal }) {
        const range = { start: 0, length: 16 };
        const start = await must(storage.get(first.key, { range, signal }));
        const again = await must(storage.get(first.key, { range, signal }));
        if (!isSame(start, again)) throw new Error('two reads of one range differ');
      },
    };
    return [...listed, ...(await ask(tools, [read]))];
  },
};

async function ask(
  tools: CheckTools,
  permissions: readonly Permission[],
): Promise<readonly Omit<Finding, 'check'>[]> {
  const findings: Omit<Finding, 'check'>[] = [];
  for (const permission of permissions) {
    const name = nameOf(tools, permission);
    try {
      await permission.try(tools);
      findings.push({ state: 'ok', found: name });
    } catch (cause) {
      const error = cause as BackupError;
      // What could not be written cannot be read: that tells nothing new.
      if (permission === GET && error.name === 'ObjectNotFound')
        findings.push({ state: 'skipped', found: `${name}: there is nothing to read` });
      else if (error.name === 'StoreAccessDenied')
        findings.push({
          state: 'failed',
          found: `${name} is denied`,
          advice: `needed by ${permission.neededBy}; ${remedy(tools)}`,
          error: error as StoreError,
        });
      else throw cause;
    }
  }
  return findings;
}

export function nameOf({ isBucket }: CheckTools, { action, plain }: Permission): string {
  return isBucket ? action : plain;
}

function remedy({ isBucket }: CheckTools): string {
  return isBucket
    ? 'allow it: tidemark doctor --iam prints a policy; are the keys wrong, all is denied, and a lock denies deletes'
    : 'mend the owner or the mode of the directory';
}
