// A verification for people: a row per copy, and each finding below it.
import type { Paint } from '../paint.ts';
import { formatBytes, printable, textTable } from '../text-table.ts';
import type { BackupVerification, CopyVerification } from './verify-backup.ts';

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
  return findings.map(({ severity, object, offset, what, whatRestoreWouldDo }) => {
    const at = offset === undefined ? '' : ` offset=${offset}`;
    const where = `partition=${partitionId} node=${nodeId} object=${printable(object)}${at}`;
    return `${severity}: ${where}\n  ${printable(what)}\n  a restore: ${printable(whatRestoreWouldDo)}`;
  });
}
