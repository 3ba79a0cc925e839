/** The Grafana dashboard and the alert rules: they ask for metrics that exist, by labels that exist, and explain themselves. */
import { describe, expect, it } from 'vitest';
import { document, read } from './files.ts';
import { metrics } from './metrics.ts';

/** What a scrape adds. */
const scraped = ['job', 'instance', 'pod', 'namespace'];

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}
interface Dashboard {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}
interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}

const dashboard = JSON.parse(read('templates/monitoring/dashboard.json')) as Dashboard;
const charts = dashboard.panels.filter((panel) => panel.type !== 'row');
const alerts = document<{ groups: { rules: Alert[] }[] }>('templates/monitoring/alerts.yaml').groups.flatMap(
  (group) => group.rules,
);

describe('the dashboard', () => {
  const expressions = charts.flatMap((panel) => (panel.targets ?? []).map((target) => target.expr));

  it.each(expressions)('asks only for what is there: %s', (expression) => {
    expect(unknownIn(expression)).toEqual([]);
  });

  it('shows every metric', () => {
    const shown = new Set(expressions.flatMap(metricsIn));
    const wanted = Object.keys(metrics).filter((name) => !/_(?:count|sum)$/.test(name));

    expect(wanted.filter((name) => !shown.has(name))).toEqual([]);
  });

  it('says of every panel what it shows and in which unit, and draws none over another', () => {
    const poor = charts.filter((panel) => !panel.title || !panel.description || !panel.fieldConfig?.defaults.unit);
    const overlapping = dashboard.panels.filter((one) => dashboard.panels.some((other) => overlaps(one, other)));

    expect(poor.map((panel) => panel.title)).toEqual([]);
    expect(overlapping.map((panel) => panel.title)).toEqual([]);
    expect(new Set(dashboard.panels.map((panel) => panel.id)).size).toBe(dashboard.panels.length);
  });

  it('lets one choose the Prometheus that it asks', () => {
    const asked = charts.flatMap((panel) => [panel, ...(panel.targets ?? [])]).map((one) => one.datasource?.uid);

    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource' }),
    );
    expect(new Set(asked)).toEqual(new Set([`$\{datasource}`]));
  });

  it('uses only variables that it has', () => {
    const used = new Set(
      expressions.flatMap((expression) => [...expression.matchAll(/\$(\w+)/g)].map(([, name]) => name)),
    );
    const own = dashboard.templating.list.map((variable) => variable.name);

    expect([...used].filter((name) => name && !own.includes(name) && !name.startsWith('__'))).toEqual([]);
  });
});

describe.each(alerts.map((alert) => [alert.alert, alert] as const))('the alert %s', (_, alert) => {
  it('asks only for what is there', () => {
    expect(metricsIn(alert.expr).length).toBeGreaterThan(0);
    expect(unknownIn(alert.expr)).toEqual([]);
  });

  it('says how bad it is, what happened and what to do', () => {
    expect(['critical', 'warning']).toContain(alert.labels.severity);
    expect(Object.keys(alert.annotations)).toEqual(['summary', 'description', 'runbook']);
    expect(alert.annotations['runbook']).toMatch(/.{60}/);
  });

  it('names only labels that its expression keeps', () => {
    const named = Object.values(alert.annotations).flatMap((text) =>
      [...text.matchAll(/\$labels\.(\w+)/g)].map((match) => match[1] ?? ''),
    );
    const kept = [...alert.expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) => match[1]?.split(/,\s*/) ?? []);

    expect(named.filter((label) => !kept.includes(label))).toEqual([]);
  });
});

function metricsIn(expression: string): readonly string[] {
  return expression.match(/\btowpath_\w+/g) ?? [];
}

/** Metrics that nobody serves, and labels that they do not have. */
function unknownIn(expression: string): readonly string[] {
  const used = metricsIn(expression);
  const known = new Set([...used.flatMap((name) => metrics[name] ?? []), ...scraped]);
  return [...used.filter((name) => !(name in metrics)), ...labelsIn(expression).filter((label) => !known.has(label))];
}

function labelsIn(expression: string): readonly string[] {
  const selected = [...expression.matchAll(/\{([^}]*)\}/g)].flatMap(
    ([, inner = '']) => inner.match(/\w+(?=[=!]~?"|=")/g) ?? [],
  );
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, inner = '']) => inner.split(/,\s*/));
  return [...selected, ...grouped];
}

function overlaps(one: Panel, other: Panel): boolean {
  if (one === other) return false;
  const [a, b] = [one.gridPos, other.gridPos];
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
