// What a command sees of the world. main.ts passes the process in; tests pass in what they like.
import type { Environment } from '../config/placeholder.ts';
import type { Fetch } from '../management/management-call.ts';
import type { Clock } from '../ports/environment.ts';

/** Where text goes. */
export interface TextOutput {
  write(text: string): void;
  /** Whether a person looks at it: colours and live progress are for terminals only. */
  readonly isTTY: boolean;
  /** The width of the terminal, in characters. */
  readonly columns?: number | undefined;
}

/** The outside of a run of the command line. */
export interface CliIo {
  /** Results. */
  readonly stdout: TextOutput;
  /** Messages, progress, errors. */
  readonly stderr: TextOutput;
  /** Fires when the user wants to stop; its reason is the name of the signal. */
  readonly signal: AbortSignal;
  /** Relative paths start here. */
  readonly directory: string;
  readonly clock: Clock;
  readonly fetch: Fetch;
  /** Signals a process that the command has started, or with a negative number its group. Throws when it is gone. */
  readonly kill: (pid: number, how: 'SIGTERM' | 'SIGKILL') => void;
}

/** What every command is made with. */
export interface CliSurroundings {
  readonly env: Environment;
  readonly io: CliIo;
}
