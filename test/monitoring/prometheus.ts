// A Prometheus on loopback with the example's configuration, but for the ports and a pace that suits a test.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface PrometheusOptions {
  /** Holds its data and its log. */
  readonly home: string;
  /** The folder of the example's files. */
  readonly example: string;
  readonly metricsPorts: readonly number[];
  readonly port: number;
}

export interface Answer {
  readonly isValid: boolean;
  readonly error: string;
  readonly values: readonly string[];
}

export interface Rule {
  readonly name: string;
  readonly health: string;
  readonly state: string;
}

interface Body {
  readonly status: string;
  readonly error?: string;
  readonly data: unknown;
}

export class Prometheus {
  readonly #url: string;
  readonly #process: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.#url = url;
    this.#process = child;
  }

  /** Resolves once it is ready. */
  static async start({ home, example, metricsPorts, port }: PrometheusOptions): Promise<Prometheus> {
    const targets = metricsPorts.map((one) => `127.0.0.1:${one}`).join(', ');
    const config = readFileSync(join(example, 'prometheus.yml'), 'utf8')
      .replace(/targets: \[.*\]/, `targets: [${targets}]`)
      .replace('scrape_interval: 15s', 'scrape_interval: 1s')
      .replace('evaluation_interval: 30s', 'evaluation_interval: 1s')
      .replace('alerts.yml', join(example, 'alerts.yml'));
    const file = join(home, 'prometheus.yml');
    writeFileSync(file, config);
    const log = openSync(join(home, 'prometheus.log'), 'a');
    const child = spawn(
      'prometheus',
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(home, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, child);
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const ready = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined);
      if (ready?.ok) return prometheus;
      await sleep(200);
    }
    await prometheus.stop();
    throw new Error(`Prometheus is not ready after 20 s; see ${join(home, 'prometheus.log')}`);
  }

  /** Evaluates an expression now. */
  async ask(expr: string): Promise<Answer> {
    const { status, error = '', data } = await this.#get(`query?query=${encodeURIComponent(expr)}`);
    const { result = [] } = (data ?? {}) as { result?: { value: [number, string] }[] };
    return { isValid: status === 'success', error, values: result.map(({ value }) => value[1]) };
  }

  async rules(): Promise<readonly Rule[]> {
    const { data } = await this.#get('rules');
    return (data as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules);
  }

  async metricNames(): Promise<readonly string[]> {
    return (await this.#get('label/__name__/values')).data as string[];
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }

  async #get(path: string): Promise<Body> {
    return (await (await fetch(`${this.#url}/api/v1/${path}`)).json()) as Body;
  }
}
