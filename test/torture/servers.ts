// The S3 servers under torture, and what can be done to each: killed, stopped in its tracks, cut off. A server comes from
// the S3_* variables, from the lab program that S3_LAB names, or is started here. It must touch no process but those.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startChild, stopChild } from '../../examples/ledger/child.ts';
import { proxyFaults } from './proxy-faults.ts';

/** Something that befalls the server for a while. After `end` it serves as before. */
export interface ServerFault {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

export interface TortureServer {
  readonly name: string;
  /** The S3_* variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Empty where nobody told how to stop the server. */
  readonly faults: readonly ServerFault[];
  close(): Promise<void>;
}

const run = promisify(execFile);
const LAB_TIMEOUT_MS = 120_000;

/** `embedded`, `env`, the name of a server of the lab, or `toxiproxy-NAME` for one behind a proxy that misbehaves. */
export async function openServer(name: string, env: NodeJS.ProcessEnv): Promise<TortureServer> {
  if (name === 'embedded') return startEmbedded(env);
  if (name === 'env') {
    const environment = Object.fromEntries(
      Object.entries(env).flatMap(([key, value]) => (key.startsWith('S3_') && value ? [[key, value]] : [])),
    );
    if (environment.S3_ENDPOINT === undefined)
      throw new Error('--server env wants S3_ENDPOINT and the other S3_*');
    return { name: environment.S3_ENDPOINT, environment, faults: [], close: async () => {} };
  }
  const program = env.S3_LAB;
  if (program === undefined || program === '') {
    throw new Error(
      `S3_LAB must name a program that starts ${name}: S3_LAB start NAME prints the S3_* variables as exports, ` +
        'and S3_LAB kill, pause and resume NAME do what they say',
    );
  }
  return openLabServer((...args) => run(program, args, { timeout: LAB_TIMEOUT_MS }), name);
}

/** It keeps everything in memory, so a kill would be the end of every backup: it is only stopped in its tracks. */
async function startEmbedded(env: NodeJS.ProcessEnv): Promise<TortureServer> {
  const server = await startChild('embedded-s3-main.ts', env);
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => async () => void server.process.kill(name);
  return {
    name: 'embedded',
    environment: { S3_ENDPOINT: String(server.greeting.endpoint) },
    faults:
      process.platform === 'win32'
        ? []
        : [{ name: 'pause', begin: signal('SIGSTOP'), end: signal('SIGCONT') }],
    close: () => stopChild(server),
  };
}

type Lab = (...args: string[]) => Promise<{ readonly stdout: string }>;

async function openLabServer(lab: Lab, name: string): Promise<TortureServer> {
  const upstream = name.startsWith('toxiproxy-') ? name.slice('toxiproxy-'.length) : undefined;
  if (upstream !== undefined) {
    await lab('start', upstream);
    const environment = exportsOf((await lab('start', 'toxiproxy', '--upstream', upstream)).stdout);
    const { TOXIPROXY_URL, TOXIPROXY_PROXY } = environment;
    const faults = proxyFaults(`${TOXIPROXY_URL}/proxies/${TOXIPROXY_PROXY}`);
    return { name, environment, faults, close: async () => {} };
  }
  const environment = exportsOf((await lab('start', name)).stdout);
  const port = new URL(environment.S3_ENDPOINT ?? '').port;
  const call =
    (...args: string[]) =>
    async () =>
      void (await lab(...args));
  return {
    name,
    environment,
    faults: [
      { name: 'kill', begin: call('kill', name), end: call('start', name, '--port', port) },
      { name: 'pause', begin: call('pause', name), end: call('resume', name) },
    ],
    // It was perhaps there before us, so it stays.
    close: async () => {},
  };
}

/** The variables in `export NAME=value` lines. */
export function exportsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, key, value]) => [key ?? '', value ?? '']),
  );
}
