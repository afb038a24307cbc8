/** deploy/prometheus-rules.yaml: valid, each alert tried both ways, and each about a metric that there is. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exercised } from '../support/exercised-metrics.ts';
import { whichExecutable } from '../support/which-executable.ts';

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
  }[];
}

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const RULES = pathOf('../../deploy/prometheus-rules.yaml');
const TESTS = ['prometheus-rules.yaml', 'prometheus-rules-of-nodes.yaml', 'prometheus-rules-over-weeks.yaml'].map(
  pathOf,
);

const rules = (parse(readFileSync(RULES, 'utf8')) as Rules).groups.flatMap((group) => group.rules);
const tried = TESTS.flatMap((file) => (parse(readFileSync(file, 'utf8')) as RuleTests).tests).flatMap(
  (one) => one.alert_rule_test,
);
const operating = readFileSync(pathOf('../../docs/operating.md'), 'utf8');

describe.each(rules)('$alert', ({ alert, expr }) => {
  it('is tried where it fires and where it does not', () => {
    const fires = tried
      .filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts: alerts }) => alerts.length > 0);
    expect(new Set(fires)).toEqual(new Set([true, false]));
  });

  it('asks for metrics that there are', async () => {
    const { metrics } = await exercised();
    const text = await metrics.text();
    const names = [...expr.matchAll(/signalbox_\w+/g)].map(([name]) => name);
    expect(names).not.toEqual([]);
    // Those of the fallback are its own, and written by its script; the list of the Summoner's is held by its own test.
    const script = readFileSync(pathOf('../../src/apps/fallback/signalbox-fallback.sh'), 'utf8');
    const listed = readFileSync(pathOf('../../docs/summoner.md'), 'utf8');
    const isThere = (name: string): boolean => {
      const [, owner, rest = ''] = /^signalbox_(summoner|fallback)_(.*)$/.exec(name) ?? [];
      if (owner === undefined) return text.includes(`# TYPE ${name} `);
      return owner === 'summoner' ? listed.includes(`| \`${name}\` |`) : script.includes(rest);
    };
    expect(names.filter((name) => !isThere(name))).toEqual([]);
  });

  it('has its place in docs/operating.md', () => {
    expect(operating).toContain(`| \`${alert}\` |`);
  });
});

describe.skipIf(whichExecutable('promtool') === undefined)('promtool (skipped where there is none)', () => {
  it('finds the rules valid', () => {
    expect(execFileSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' })).toMatch(/SUCCESS/);
  });

  it('finds that they say what their tests expect', () => {
    expect(execFileSync('promtool', ['test', 'rules', ...TESTS], { encoding: 'utf8' })).toMatch(/SUCCESS/);
  });
});
