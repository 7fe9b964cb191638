// What each layout can tell of a copy: the native one by its digests, and a Zeebe's files by what is in them.
import { ok } from 'neverthrow';
import type { Finding } from '../../zeebe/finding.ts';
import { verifyPartition } from '../../zeebe/verify-partition.ts';
import { holdsZeebeFiles } from '../holds-zeebe-files.ts';
import { readAllFiles } from './read-all-files.ts';
import type { VerifyCopy } from './verify-backup.ts';

/** By Zeebe's own checksums: its layout keeps no digests. */
export const verifyZeebe: VerifyCopy = (backup, options) =>
  verifyPartition(backup, options).map(({ findings }) => findings);

/** The hashes first; then, of a Zeebe's files, what they hold. What both notice is told once. */
export const verifyNative: VerifyCopy = (backup, options) =>
  readAllFiles(backup, options).andThen((damage) => {
    if (!holdsZeebeFiles(backup)) return ok(damage);
    const isTold = ({ object }: Finding) => damage.some((told) => told.object === object);
    return verifyZeebe(backup, options).map((findings) => [
      ...damage,
      ...findings.filter((finding) => !isTold(finding)),
    ]);
  });
