// How a restored partition lies on the ledger's disk, and how its log is cut at a point in time: a segment ends behind
// the record, and the segments behind it are not there.
import { BackupCorrupt, defaultLayout, type RestoreLayout } from 'tidemark';
import { scanSegment } from './record.ts';

export const ledgerLayout: RestoreLayout = {
  ...defaultLayout,
  truncate({ name }, content, end) {
    const first = BigInt(name.slice(0, 20));
    return first > end ? null : cutSegment(name, content, { first, end });
  },
};

async function* cutSegment(
  name: string,
  content: AsyncIterable<Uint8Array>,
  { first, end }: { readonly first: bigint; readonly end: bigint },
): AsyncGenerator<Uint8Array> {
  // A segment is small, and records end where the scan says.
  const bytes = Buffer.concat(await Array.fromAsync(content));
  const scanned = scanSegment(bytes, first);
  if (scanned.end < bytes.length) throw new BackupCorrupt(name, `offset=${scanned.end} it is no record`);
  const last = scanned.records[Number(end - first)];
  yield bytes.subarray(0, last?.end ?? bytes.length);
}
