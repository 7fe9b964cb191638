// How a command hands its outcome over: as one JSON document or as text, and as an exit code. Nothing else
// prints results.
import { stringify } from 'lossless-json';
import type { ResultAsync } from 'neverthrow';
import type { BackupError } from '../core/errors.ts';
import { type CliError, InternalError } from './cli-errors.ts';
import type { CliSurroundings } from './cli-io.ts';
import { EXIT_OK, exitCodeOf } from './exit-codes.ts';
import { printable } from './text-table.ts';

/** A result in both forms. */
export interface Shown {
  readonly json: unknown;
  readonly text: string;
  /** What the run ends with all the same, such as damage that was found; a field of the JSON document. */
  readonly error?: CliError;
}

/** One run of the command line. */
export class CommandRun {
  readonly surroundings: CliSurroundings;
  readonly #json: boolean;
  #exitCode: number = EXIT_OK;

  constructor(surroundings: CliSurroundings, { json }: { readonly json: boolean }) {
    this.surroundings = surroundings;
    this.#json = json;
  }

  get exitCode(): number {
    return this.#exitCode;
  }

  /** Prints what came of a command. A throw is a bug, and is reported as one. */
  async finish(work: () => ResultAsync<Shown, CliError>): Promise<void> {
    try {
      const result = await work();
      if (result.isErr()) this.fail(result.error);
      else this.#show(result.value);
    } catch (cause) {
      this.fail(new InternalError(cause));
    }
  }

  /** Ends the run with an error: one line on stderr, and the document on stdout when JSON is asked for. */
  fail(error: CliError): void {
    this.#complain(error);
    if (this.#json) this.#print(document({ error: this.#errorDocument(error) }));
  }

  #show({ json, text, error }: Shown): void {
    if (error !== undefined) this.#complain(error);
    const withError = () => ({ ...(json as object), error: error && this.#errorDocument(error) });
    this.#print(this.#json ? document(error === undefined ? json : withError()) : text);
  }

  #complain(error: CliError): void {
    const { io } = this.surroundings;
    this.#exitCode = exitCodeOf(error, io.signal);
    io.stderr.write(`tidemark: ${messageOf(error)}\n`);
    if (error.name === 'InternalError') io.stderr.write(`${stackOf(error.cause)}\n`);
  }

  #errorDocument(error: CliError): Record<string, unknown> {
    return { ...errorFields(error), exitCode: this.#exitCode };
  }

  #print(text: string): void {
    if (text !== '') this.surroundings.io.stdout.write(`${text}\n`);
  }
}

/** One line, whatever a store or gateway said; only the problems of a configuration have a line each. */
function messageOf(error: CliError): string {
  const lines = error.name === 'InvalidConfiguration' ? error.message.split('\n') : [error.message];
  return lines.map(printable).join('\n');
}

/** 64-bit numbers stay numbers with all their digits. */
function document(value: unknown): string {
  return stringify(value, undefined, 2) ?? 'null';
}

/** The fields of an error and its message. Never the cause, which may hold anything. */
function errorFields(error: BackupError): Record<string, unknown> {
  const fields = Object.entries(error).filter(([name]) => name !== 'cause');
  return { name: error.name, message: error.message, ...Object.fromEntries(fields) };
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
