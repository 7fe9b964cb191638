// The ledger's own HTTP API. Every node answers for the whole ledger: what belongs to another partition is sent on
// to its leader. Nothing that a caller sends ends as a 500.
import { type Clock, systemClock } from 'tidemark';
import * as z from 'zod';
import { auditLedger, auditPartition, creditsApplied, type PartitionAudit } from './audit.ts';
import type { Command } from './commands.ts';
import { type CreditReply, parseStamp, showStamp } from './courier.ts';
import { type Answer, HttpError, type Route } from './http-server.ts';
import type { LedPartition } from './led-partition.ts';
import type { Partition } from './partition.ts';
import type { Peers } from './peers.ts';
import type { Outcome } from './process-record.ts';
import { partitionOf } from './sharding.ts';

/** A billion, in cents. */
const AMOUNT_MAX = 100_000_000_000;

const name = z.string().regex(/^[\w.:-]{1,128}$/, 'expected 1 to 128 letters, digits or any of _ . : -');
const OpenBody = z.strictObject({ id: name, balance: z.int().min(0).max(AMOUNT_MAX) });
const TransferBody = z.strictObject({
  id: name,
  from: name,
  to: name,
  amount: z.int().min(1).max(AMOUNT_MAX),
});

/** What partitions send each other. */
const stamp = z
  .string()
  .regex(/^\d{1,18}( marker)?$/)
  .nullable();
const CreditsBody = z.object({
  stamp,
  credits: z.array(
    z.object({ type: z.literal('credit'), sender: z.int(), id: name, account: name, amount: z.int().min(1) }),
  ),
});
const AppliedBody = z.object({ sender: z.int(), ids: z.array(name) });

const ANSWERS: Partial<Record<Outcome['code'], readonly [status: number, error?: string]>> = {
  created: [201],
  repeated: [200],
  conflict: [409, 'the id is in use for something else; choose another one'],
  'unknown-account': [404, 'there is no such account to debit; open it first'],
  'insufficient-funds': [422, 'the account to debit does not hold that much'],
};

/** How long a client waits before it is told to ask again. */
const ANSWER_TIMEOUT_MS = 10_000;

export function ledgerRoutes(
  peers: Peers,
  led: (partitionId: string | undefined) => LedPartition,
  leads: (partitionId: number) => boolean,
  clock: Clock = systemClock,
): Route[] {
  /** Submits a command to the partition of `account`, here or at its leader. */
  const submit = async (account: string, path: string, command: Command): Promise<Answer> => {
    const partitionId = partitionOf(account, peers.partitions);
    const { type: _, ...body } = command;
    if (!leads(partitionId)) return peers.send(partitionId, 'POST', path, body);
    const { code } = await inTime(clock, led(String(partitionId)).partition.submit(command));
    const [status, error] = ANSWERS[code] ?? [500];
    return { status, body: error === undefined ? body : { error, ...body } };
  };
  return [
    {
      method: 'POST',
      path: /^\/accounts$/,
      handle({ body }) {
        const open = parse(OpenBody, body);
        return submit(open.id, '/accounts', { type: 'open', ...open });
      },
    },
    {
      method: 'POST',
      path: /^\/transfers$/,
      handle({ body }) {
        const transfer = parse(TransferBody, body);
        return submit(transfer.from, '/transfers', { type: 'transfer', ...transfer });
      },
    },
    {
      method: 'GET',
      path: /^\/accounts\/([\w.:-]{1,128})$/,
      handle({ parameters: [id = ''] }) {
        const partitionId = partitionOf(id, peers.partitions);
        if (!leads(partitionId)) return peers.send(partitionId, 'GET', `/accounts/${id}`);
        const account = led(String(partitionId)).partition.state.account(id);
        if (account === undefined) throw new HttpError(404, `there is no account ${id}`);
        return { status: 200, body: { id, partitionId, ...account } };
      },
    },
    {
      method: 'GET',
      path: /^\/audit$/,
      async handle() {
        const audit = await auditLedger(
          {
            partition: (id) => peers.ask<PartitionAudit>(id, 'GET', `/internal/partitions/${id}/audit`),
            applied: (receiver, sender, ids) =>
              peers.ask<string[]>(receiver, 'POST', `/internal/partitions/${receiver}/applied`, {
                sender,
                ids,
              }),
          },
          peers.partitions,
        );
        return { status: 200, body: audit };
      },
    },
    {
      method: 'GET',
      path: /^\/partitions$/,
      async handle() {
        const ids = Array.from({ length: peers.partitions }, (_, index) => index + 1);
        return {
          status: 200,
          body: await Promise.all(ids.map((id) => peers.ask(id, 'GET', `/internal/partitions/${id}`))),
        };
      },
    },
    ...partitionRoutes(led, clock),
  ];
}

/** What the nodes ask each other. They trust each other, and listen on loopback. */
function partitionRoutes(led: (partitionId: string | undefined) => LedPartition, clock: Clock): Route[] {
  const partitionOfCall = (parameters: readonly string[]): Partition => led(parameters[0]).partition;
  return [
    {
      method: 'GET',
      path: /^\/internal\/partitions\/(\d+)$/,
      handle({ parameters }) {
        const { partition, lastBackup } = led(parameters[0]);
        return { status: 200, body: { ...partition.describe(), lastBackup } };
      },
    },
    {
      method: 'POST',
      path: /^\/internal\/partitions\/(\d+)\/credits$/,
      async handle({ parameters, body }) {
        const partition = partitionOfCall(parameters);
        const { stamp, credits } = parse(CreditsBody, body);
        const outcomes = await inTime(clock, partition.receive(parseStamp(stamp), credits));
        // The stamp as it is now, behind what these credits did.
        const reply: CreditReply = {
          stamp: showStamp(partition.checkpoints.stamp()),
          outcomes: outcomes.map(({ code }) => (code === 'applied' ? 'applied' : 'refused')),
        };
        return { status: 200, body: reply };
      },
    },
    {
      method: 'GET',
      path: /^\/internal\/partitions\/(\d+)\/audit$/,
      handle({ parameters }) {
        const { settings, state } = partitionOfCall(parameters);
        return { status: 200, body: auditPartition(settings.partitionId, state) };
      },
    },
    {
      method: 'POST',
      path: /^\/internal\/partitions\/(\d+)\/applied$/,
      handle({ parameters, body }) {
        const { sender, ids } = parse(AppliedBody, body);
        return { status: 200, body: creditsApplied(partitionOfCall(parameters).state, sender, ids) };
      },
    },
  ];
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new HttpError(400, problems.join('; '));
}

/** A command that was appended will be processed; this only ends the waiting for it. */
async function inTime<T>(clock: Clock, work: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const error = new HttpError(
    503,
    'it is not known yet whether this was done; send it again with the same id',
  );
  const late = clock.sleep(ANSWER_TIMEOUT_MS, answered.signal).then(() => {
    if (!answered.signal.aborted) throw error;
    return work;
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    answered.abort();
  }
}
