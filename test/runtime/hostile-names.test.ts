// Names out of a manifest that somebody wrote to get out of the directory, and links that wait in it. Nothing is ever
// written or removed outside, and what cannot be told apart on a disk is refused.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { checkpointId, logPosition } from 'tidemark';
import { ZeebeRestoreTarget } from 'tidemark/zeebe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RestoreTarget } from '../../src/ports/restore-target.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { sampleOrigin } from '../restore/sample-backups.ts';
import { fuzzRuns } from '../support/fuzz.ts';

let root: string;
let data: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-names-'));
  data = join(root, 'a', 'data');
  await mkdir(data, { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

const TARGETS: Record<string, () => RestoreTarget> = {
  'a directory': () => new DirectoryRestoreTarget({ directory: data }),
  "Zeebe's directory": () => new ZeebeRestoreTarget({ directory: data }),
};

async function* content(): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode('hostile');
}

async function everythingIn(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).sort();
}

async function write(
  target: RestoreTarget,
  files: readonly (readonly ['snapshot' | 'segment', string | null, string])[],
) {
  const staging = await target.begin(checkpointId(7));
  try {
    for (const [kind, snapshotId, name] of files) {
      await staging.write({ partitionId: 1, kind, snapshotId, name, sizeBytes: 7 }, content());
    }
    return 'written';
  } catch (cause) {
    return (cause as Error).name;
  } finally {
    await staging.discard();
  }
}

const HOSTILE = [
  ...['..', '.', '', '/', '/etc/passwd', '../x', '../../../x', 'a/../../x', 'a/b', 'a\\b', '..\\x', 'C:\\x'],
  ...['\0', 'a\0b', 'a\nb', '\u007f', 'x'.repeat(256), 'é'.repeat(128), '/'.repeat(10)],
];

describe.each(Object.keys(TARGETS))('into %s', (name) => {
  const target = () => TARGETS[name]?.() as RestoreTarget;

  it.each(HOSTILE)('nothing is written by the name %j', async (hostile) => {
    for (const file of [
      ['segment', null, hostile],
      ['snapshot', '1-2-3-4', hostile],
      ['snapshot', hostile, 'CURRENT'],
    ] as const) {
      expect(await write(target(), [file])).toBe('BackupCorrupt');
    }
    expect(await everythingIn(root)).toEqual(expect.arrayContaining(['a', 'a/data']));
    expect((await everythingIn(root)).filter((path) => path.includes('x') || path.includes('etc'))).toEqual(
      [],
    );
  });

  it('whatever the name, only the staging is written to', async () => {
    const odd = fc.array(
      fc.constantFrom('.', '..', '/', '\\', '\0', 'a', ':', ' ', '\ud800', 'é', '~', '$HOME', '%2e'),
      {
        maxLength: 6,
      },
    );
    await fc.assert(
      fc.asyncProperty(odd, fc.constantFrom('snapshot', 'segment'), async (parts, kind) => {
        const staging = await target().begin(checkpointId(7));
        const name = parts.join('');
        const snapshotId = kind === 'snapshot' ? '1-2-3-4' : null;
        await staging
          .write({ partitionId: 1, kind, snapshotId, name, sizeBytes: 7 }, content())
          .catch(() => {});
        const outside = (await everythingIn(root)).filter((path) => !path.includes('.tidemark-restore-'));
        await staging.discard();
        expect(outside.filter((path) => !/^a(\/data(\/raft-partition)?)?$/.test(path))).toEqual([]);
      }),
      fuzzRuns(60),
    );
  });

  it.each([
    ['the same name twice', 'log', 'log'],
    // Both become the same bytes in a path.
    ['two lone surrogates', 'a\ud800', 'a\udbff'],
  ])('%s never end in one file', async (_, first, second) => {
    const files = [first, second].map((file) => ['segment', null, file] as const);
    expect(await write(target(), files)).toBe('RestoreTargetFailure');
  });

  it('names that only some file systems tell apart are two files here, or refused', async () => {
    for (const [first, second] of [
      ['LOG', 'log'],
      ['\u00e9', 'e\u0301'],
    ] as const) {
      const files = [first, second].map((file) => ['segment', null, file] as const);
      expect(['written', 'RestoreTargetFailure']).toContain(await write(target(), files));
    }
  });
});

describe('a link in the data directory', () => {
  it('in place of what a restore would make is found, and not followed', async () => {
    await mkdir(join(root, 'outside'));
    await symlink(join(root, 'outside'), join(data, 'partitions'));
    expect(await TARGETS['a directory']?.().occupants()).toEqual(['partitions']);
    expect(await everythingIn(join(root, 'outside'))).toEqual([]);
  });

  it('that came in while a restore ran is not written through', async () => {
    const target = new DirectoryRestoreTarget({ directory: data });
    const staging = await target.begin(checkpointId(7));
    await staging.write(
      { partitionId: 1, kind: 'segment', snapshotId: null, name: 'log', sizeBytes: 7 },
      content(),
    );
    await staging.seal(1, {
      snapshotId: null,
      checkpointPosition: logPosition(1),
      numberOfPartitions: 1,
      brokerVersion: '1',
    });
    await mkdir(join(root, 'outside'));
    await symlink(join(root, 'outside'), join(data, 'partitions'));
    await expect(staging.install(sampleOrigin())).rejects.toThrow('something is there already');
    expect(await everythingIn(join(root, 'outside'))).toEqual([]);
    await staging.discard();
  });

  it('in a staging that was left behind is removed, and not what it leads to', async () => {
    await mkdir(join(root, 'outside'));
    await writeFile(join(root, 'outside', 'precious'), 'precious');
    const staging = await new DirectoryRestoreTarget({ directory: data }).begin(checkpointId(7));
    await staging.write(
      { partitionId: 1, kind: 'segment', snapshotId: null, name: 'log', sizeBytes: 7 },
      content(),
    );
    const [left = ''] = await readdir(data);
    await symlink(join(root, 'outside'), join(data, left, 'partitions', '2'));
    await symlink(join(root, 'outside'), join(data, left, 'link'));
    const next = await new DirectoryRestoreTarget({ directory: data }).begin(checkpointId(8));
    await next.discard();
    expect(await readFile(join(root, 'outside', 'precious'), 'utf8')).toBe('precious');
    expect(existsSync(join(data, left))).toBe(false);
  });
});
