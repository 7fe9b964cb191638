// Every way to misbehave that the client is held against, and for which of its calls. `stalls` marks those that only a
// time limit can end, `unnoticed` the calls that a storage cannot know better of: what stands on it must.
import { answerFaults } from '../../src/testkit/misbehaving-s3/answer-faults.ts';
import { bodyFaults } from '../../src/testkit/misbehaving-s3/body-faults.ts';
import { connectionFaults } from '../../src/testkit/misbehaving-s3/connection-faults.ts';
import { listingFaults } from '../../src/testkit/misbehaving-s3/listing-faults.ts';
import type { S3Behaviour } from '../../src/testkit/misbehaving-s3/s3-behaviour.ts';

export interface Row {
  readonly behaviour: S3Behaviour;
  /** Names of calls. Absent: all. */
  readonly calls?: readonly string[];
  readonly stalls?: true;
  /** Whether it is met at all depends on which connection a request happens to take. */
  readonly isRace?: true;
  readonly unnoticed?: readonly string[];
}

const PUTS = ['put', 'create', 'create again'];
const CREATES = ['create', 'create again'];
const GETS = ['get', 'range'];
const READS = [...GETS, 'head'];
const LIST = ['list'];
const DELETE = ['delete'];
const COMPLETE = ['complete'];
/** Those whose honest answer has a body. */
const WITH_BODY = [...GETS, 'list', 'delete', 'start upload', 'complete'];

const REGION = 'eu-west-1';

export const ROWS: readonly Row[] = [
  { behaviour: connectionFaults.hang(), stalls: true },
  { behaviour: connectionFaults.hangUnread(), stalls: true },
  { behaviour: connectionFaults.hangInBody(), calls: WITH_BODY, stalls: true },
  { behaviour: connectionFaults.trickle({ intervalMs: 40 }), calls: WITH_BODY, stalls: true },
  { behaviour: connectionFaults.resetUnread() },
  { behaviour: connectionFaults.resetAfterRead() },
  { behaviour: connectionFaults.resetAfterCommit() },
  { behaviour: connectionFaults.resetInBody(), calls: WITH_BODY },
  { behaviour: connectionFaults.closeAfterAnswer() },
  { behaviour: connectionFaults.closeSilently(), isRace: true },
  { behaviour: connectionFaults.resetReused(), calls: [...PUTS, ...READS, 'list', 'delete'], isRace: true },
  { behaviour: connectionFaults.neverContinue() },

  { behaviour: answerFaults.slowDown() },
  { behaviour: answerFaults.slowDown({ retryAfter: '1' }) },
  { behaviour: answerFaults.bareStatus(503) },
  { behaviour: answerFaults.bareStatus(429) },
  { behaviour: answerFaults.error(500, 'InternalError') },
  { behaviour: answerFaults.errorAfterCommit() },
  { behaviour: answerFaults.error(400, 'RequestTimeout') },
  { behaviour: answerFaults.webPage({ status: 502 }) },
  { behaviour: answerFaults.hugeError(300_000) },
  { behaviour: answerFaults.hugeError(300_000, 400) },
  { behaviour: answerFaults.okWithError() },
  { behaviour: answerFaults.okAndEmpty() },
  { behaviour: answerFaults.webPage() },
  { behaviour: answerFaults.webPage({ asFile: true }) },
  { behaviour: answerFaults.webPage({ status: 404 }) },
  { behaviour: answerFaults.redirect(301, { region: REGION }) },
  { behaviour: answerFaults.redirect(307, { location: 'http://127.0.0.1:1/elsewhere' }) },
  { behaviour: answerFaults.redirectToPage() },
  { behaviour: answerFaults.bareStatus(400) },
  {
    behaviour: answerFaults.error(400, 'AuthorizationHeaderMalformed', {
      more: `<Region>${REGION}</Region>`,
    }),
  },
  { behaviour: answerFaults.error(400, 'ExpiredToken') },
  { behaviour: answerFaults.error(403, 'AccessDenied') },
  { behaviour: answerFaults.error(403, 'InvalidAccessKeyId') },
  { behaviour: answerFaults.error(403, 'SignatureDoesNotMatch') },
  { behaviour: answerFaults.bareStatus(403) },
  { behaviour: answerFaults.timeTooSkewed() },
  { behaviour: answerFaults.error(404, 'NoSuchBucket') },
  { behaviour: answerFaults.bareStatus(405) },
  { behaviour: answerFaults.error(501, 'NotImplemented') },
  { behaviour: answerFaults.error(507, 'XMinioStorageFull') },
  { behaviour: answerFaults.skewedDate(-86_400_000) },
  { behaviour: answerFaults.oddHeaders() },
  { behaviour: answerFaults.withoutEtag(), calls: [...PUTS, ...READS, 'part'] },
  { behaviour: answerFaults.refuseChecksums() },
  { behaviour: answerFaults.demandMd5(), calls: DELETE },
  { behaviour: answerFaults.demandChecksum(), calls: [...PUTS, 'part'] },
  { behaviour: answerFaults.ignoreCondition(), calls: CREATES, unnoticed: ['create again'] },
  { behaviour: answerFaults.refuseCondition(), calls: CREATES },
  { behaviour: answerFaults.conditionConflict(), calls: CREATES },
  { behaviour: answerFaults.deleteErrors('InternalError'), calls: DELETE },
  { behaviour: answerFaults.deleteErrors('AccessDenied'), calls: DELETE },
  { behaviour: answerFaults.completeNothing(), calls: COMPLETE },
  {
    behaviour: answerFaults.error(404, 'NoSuchUpload'),
    calls: ['part', 'complete', 'abort'],
    unnoticed: ['abort'],
  },

  { behaviour: bodyFaults.announceMore(), calls: WITH_BODY },
  { behaviour: bodyFaults.announceLess(), calls: GETS, unnoticed: ['get'] },
  { behaviour: bodyFaults.cut(), calls: GETS, unnoticed: ['get'] },
  { behaviour: bodyFaults.padded(), calls: GETS, unnoticed: ['get'] },
  { behaviour: bodyFaults.flippedBit(), calls: GETS, unnoticed: GETS },
  { behaviour: bodyFaults.otherObject('other'), calls: GETS, unnoticed: GETS },
  { behaviour: bodyFaults.unframed(), calls: WITH_BODY },
  { behaviour: bodyFaults.chunkedAndCut(), calls: WITH_BODY, unnoticed: ['get'] },
  { behaviour: bodyFaults.gzip(), calls: WITH_BODY },
  { behaviour: bodyFaults.ignoreRange(), calls: GETS },
  { behaviour: bodyFaults.otherRange(), calls: ['range'] },
  { behaviour: bodyFaults.keepHalf(), calls: PUTS },

  { behaviour: listingFaults.emptyPageWithToken(), calls: LIST },
  { behaviour: listingFaults.emptyForEver(), calls: LIST },
  { behaviour: listingFaults.repeatPage(), calls: LIST },
  { behaviour: listingFaults.truncatedWithoutToken(), calls: LIST },
  { behaviour: listingFaults.withoutTruncation(), calls: LIST },
  { behaviour: listingFaults.endsEarly(), calls: LIST, unnoticed: LIST },
  { behaviour: listingFaults.unsorted(), calls: LIST },
  { behaviour: listingFaults.ignorePrefix(), calls: LIST },
  { behaviour: listingFaults.wrongCount(), calls: LIST },
  { behaviour: listingFaults.cutXml(), calls: LIST },
  { behaviour: listingFaults.lastModified(undefined), calls: LIST },
  { behaviour: listingFaults.lastModified('yesterday'), calls: LIST },
  { behaviour: listingFaults.size(undefined), calls: LIST },
  { behaviour: listingFaults.size('many'), calls: LIST },
  { behaviour: listingFaults.late((key) => key === 'dir/d'), calls: LIST, unnoticed: LIST },
];
