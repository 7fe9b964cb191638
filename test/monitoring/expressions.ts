// The expressions of the example, as Prometheus is asked them, and the names on the page of the metrics.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Each query of the dashboard, with its variables as Grafana would fill them in. */
export function dashboardQueries(): { readonly title: string; readonly expr: string }[] {
  const { panels } = JSON.parse(read('examples/prometheus/dashboard.json')) as { panels: readonly Panel[] };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll('$partition', '.*').replaceAll('$__rate_interval', '1m'),
    })),
  );
}

export function alertRules(): { readonly alert: string; readonly expr: string }[] {
  const { groups } = parse(read('examples/prometheus/alerts.yml')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/** The names that the page gives metrics in Prometheus. */
export function metricsOnPage(): ReadonlySet<string> {
  return new Set(
    read('docs/reference/metrics.md')
      .match(/`tidemark_\w+`/g)
      ?.map((name) => name.slice(1, -1)),
  );
}
