// The page of the metrics, the alerts and the dashboard name exactly what the source has.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { METRICS, type MetricDefinition } from '../../src/telemetry/metrics.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/reference/metrics.md');
const all = Object.entries<MetricDefinition>(METRICS);

/** As Prometheus' exporter writes it. */
function inPrometheus(name: string, { kind }: MetricDefinition): string {
  return `${name.replaceAll('.', '_')}${kind === 'counter' ? '_total' : ''}`;
}

/** The cells of the table of a section. */
function rows(section: string): string[][] {
  const text = page.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = text.split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) => line.slice(2, -2).split(' | '));
}

describe('docs/reference/metrics.md', () => {
  it('has a row for each metric, and none more', () => {
    expect(rows('Metrics')).toEqual(
      all.map(([name, metric]) => [
        `\`${name}\``,
        `\`${inPrometheus(name, metric)}\``,
        metric.kind,
        metric.unit,
        metric.attributes.map((attribute) => `\`${attribute}\``).join(', '),
        metric.description,
      ]),
    );
  });

  it('has a row for each attribute, and none more', () => {
    const told = rows('Attributes').map(([name]) => name?.replaceAll('`', ''));
    expect(told.toSorted()).toEqual([...new Set(all.flatMap(([, { attributes }]) => attributes))].toSorted());
  });

  it('knows attributes that have few values alone', () => {
    const unbounded = /checkpoint|backup|key|object|node/;
    expect(all.flatMap(([, { attributes }]) => attributes).filter((name) => unbounded.test(name))).toEqual(
      [],
    );
  });

  it('leaves the labels to Prometheus that are its own', () => {
    const own = ['job', 'instance', 'le', 'quantile'];
    expect(all.flatMap(([, { attributes }]) => attributes).filter((name) => own.includes(name))).toEqual([]);
  });

  it('has names that end in their units, so that every exporter for Prometheus makes the same of them', () => {
    const suffixes: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };
    for (const [name, { unit }] of all) {
      if (unit.startsWith('{')) continue;
      expect(name.split('.').at(-1), name).toBe(suffixes[unit]);
    }
  });
});

/** Every series that a metric has in Prometheus. */
const series = new Set(
  all.flatMap(([name, metric]) => {
    const base = inPrometheus(name, metric);
    return metric.kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => base + part) : [base];
  }),
);
/** What an expression groups by and filters by that no metric of it has. */
function unknownLabels(expr: string): string[] {
  const known = all
    .filter(([name]) => expr.includes(name.replaceAll('.', '_')))
    .flatMap(([, { attributes }]) => attributes.map((attribute) => attribute.replace('.', '_')));
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, */));
  const filtered = [...expr.matchAll(/(\w+)=~?"/g)].map(([, name = '']) => name);
  return [...grouped, ...filtered].filter((name) => !['instance', 'le', ...known].includes(name));
}
const used = (text: string) => new Set(text.match(/\btidemark_\w+/g));

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}
const alerts = (
  parse(read('examples/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }
).groups.flatMap(({ rules }) => rules);

describe('the alerts', () => {
  it('use metrics that there are', () => {
    for (const { alert, expr } of alerts) {
      expect(used(expr).size, alert).toBeGreaterThan(0);
      expect(
        [...used(expr)].filter((name) => !series.has(name)),
        alert,
      ).toEqual([]);
      expect(unknownLabels(expr), alert).toEqual([]);
    }
  });

  it('are explained in the guide, and the guide explains no others', () => {
    const guide = read('docs/guides/monitor.md');
    const told = [...guide.matchAll(/^\| `(Tidemark\w+)`/gm)].map(([, name]) => name);
    expect(told).toEqual(alerts.map(({ alert }) => alert));
  });

  it('are tested, each of them', () => {
    const tests = read('examples/prometheus/alerts.test.yml');
    for (const { alert } of alerts) expect(tests).toContain(`alertname: ${alert}\n        exp_alerts:`);
  });
});

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

describe('the dashboard', () => {
  const text = read('examples/prometheus/dashboard.json');
  const { panels, templating } = JSON.parse(text) as Dashboard;
  const drawn = panels.filter(({ type }) => type !== 'row');

  it('shows every metric, and none that there is not', () => {
    const shown = used(drawn.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n'));
    expect([...shown].filter((name) => !series.has(name))).toEqual([]);
    const missing = all.filter(([name, metric]) => {
      const base = inPrometheus(name, metric);
      return ![...shown].some((one) => one.startsWith(base));
    });
    expect(missing.map(([name]) => name)).toEqual([]);
  });

  it('groups and filters by attributes that there are', () => {
    for (const { title, targets = [] } of drawn)
      for (const { expr } of targets) expect(unknownLabels(expr), title).toEqual([]);
  });

  it('has panels with ids of their own, queries, and places that do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x},${y}`), title).toBe(false);
          taken.add(`${x},${y}`);
        }
    }
    for (const { title, datasource, targets = [] } of drawn) {
      expect(datasource?.uid, title).toMatch(/^\$\{datasource\}$/);
      expect(targets.length, title).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    }
  });

  it('uses variables that it has', () => {
    const known = ['__all', '__rate_interval', ...templating.list.map(({ name }) => name)];
    const names = [...text.matchAll(/\$\{?(\w+)\}?/g)].map(([, name]) => name);
    expect(names.filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });
});
