// A verification for people: a row per copy, and each finding below it.
import type { Paint } from '../paint.ts';
import { formatBytes, printable, textTable } from '../text-table.ts';
import type { BackupVerification, CopyVerification } from './copy-verification.ts';
import type { LocatedFinding } from './locate-finding.ts';

export function showVerification(verification: BackupVerification, paint: Paint): string {
  const { checkpointId, restorable, copies } = verification;
  const verdict = restorable ? paint.good('can be restored') : paint.bad('cannot be restored');
  const heads = [
    'PARTITION',
    'STATE',
    'NODE',
    'FILES',
    'SIZE',
    'POSITION',
    'SNAPSHOT',
    'VERSION',
    'ERRORS',
    'WARNINGS',
  ];
  const parts = [`backup ${checkpointId}: ${verdict}`, textTable(heads, copies.map(row), paint.head)];
  const findings = copies.flatMap(showFindings);
  return [...parts, ...(findings.length > 0 ? [findings.join('\n')] : [])].join('\n\n');
}

function row({ partitionId, state, nodeId, files, bytes, descriptor, findings }: CopyVerification): string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const known = descriptor !== undefined;
  return [
    String(partitionId),
    state,
    nodeId?.toString() ?? '',
    known ? String(files) : '',
    known ? formatBytes(bytes) : '',
    descriptor?.checkpointPosition.toString() ?? '',
    descriptor?.snapshotId ?? '',
    descriptor?.brokerVersion ?? '',
    String(errors),
    String(findings.length - errors),
  ];
}

function showFindings({ partitionId, nodeId, findings }: CopyVerification): string[] {
  return findings.map((finding) => {
    const { severity, object, what, whatRestoreWouldDo } = finding;
    const where = `partition=${partitionId} node=${nodeId} object=${printable(object)}${showPlace(finding)}`;
    return `${severity}: ${where}\n  ${printable(what)}\n  a restore: ${printable(whatRestoreWouldDo)}`;
  });
}

/** Where in the object, and which file that is: the offset in the file only where it is another number. */
export function showPlace({ offset, file, fileOffset }: LocatedFinding): string {
  const inObject = offset === undefined ? '' : ` offset=${offset}`;
  const inFile = fileOffset === undefined || fileOffset === offset ? '' : ` fileOffset=${fileOffset}`;
  return `${inObject}${file === undefined ? '' : ` file=${printable(file)}`}${inFile}`;
}
