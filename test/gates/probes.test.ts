/**
 * Every rule bites: each tool runs on files kept to break its rules, and has to refuse exactly the lines that say so.
 */
import { join } from 'node:path';
import { ESLint, type Linter } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Marker, markersUnder } from './markers.ts';
import { ROOT, runTool } from './tool.ts';

const PROBES = join(ROOT, 'test/probes');
const TOOL_TIME_LIMIT_MS = 180_000;

/** What a tool said about one line. */
interface Finding {
  readonly place: string;
  readonly rule: string;
  readonly message: string;
}

const place = ({ file, line }: { readonly file: string; readonly line: number }): string => `${file}:${line}`;

/** The findings of each tool, filled before the tests of that tool run. */
const describeTool = (
  tool: string,
  markers: readonly Marker[],
  placeOf: (marker: Marker) => string,
  find: () => Promise<readonly Finding[]>,
  more: (findings: () => readonly Finding[]) => void,
): void => {
  describe(tool, () => {
    let findings: readonly Finding[] = [];
    beforeAll(async () => {
      findings = await find();
    }, TOOL_TIME_LIMIT_MS);

    it.each(markers.map((marker) => [`${place(marker)} ${marker.rule} ${marker.words}`, marker] as const))(
      'refuses %s',
      (_, marker) => {
        const messages = findings
          .filter(({ place, rule }) => place === placeOf(marker) && rule === marker.rule)
          .map(({ message }) => message);
        expect(messages).toContainEqual(expect.stringContaining(marker.words));
      },
    );

    it('refuses nothing else', () => {
      const said = findings.map(({ place, rule }) => `${place} ${rule}`).toSorted();
      expect(said).toEqual(markers.map((marker) => `${placeOf(marker)} ${marker.rule}`).toSorted());
    });

    more(() => findings);
  });
};

const sourceMarkers = markersUnder(join(PROBES, 'src')).map((marker) => ({
  ...marker,
  file: `src/${marker.file}`,
}));

const eslint = new ESLint({ cwd: ROOT, ignore: false });

const eslintFindings = async (): Promise<readonly Finding[]> =>
  (await eslint.lintFiles(['test/probes/src'])).flatMap(({ filePath, messages }) =>
    messages.map(({ line, ruleId, message }) => ({
      place: place({ file: filePath.slice(PROBES.length + 1), line }),
      rule: ruleId ?? 'unused-directive',
      message,
    })),
  );

/** What the settings of a rule that takes a list of bans forbid, in words that stand in its message. */
const bansOf = (rule: string, settings: readonly unknown[]): readonly string[] => {
  const text = (value: unknown, key: string): string | undefined => {
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
    return typeof found === 'string' ? found : undefined;
  };
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  switch (rule) {
    case 'no-restricted-globals':
      return settings.map((ban) => `'${text(ban, 'name') ?? ''}'`);
    case 'no-restricted-properties':
      return settings.map((ban) => `'${text(ban, 'object') ?? ''}.${text(ban, 'property') ?? ''}'`);
    case 'no-restricted-syntax':
      return settings.map((ban) => text(ban, 'message') ?? '');
    case 'no-restricted-imports':
      return settings.flatMap((group) =>
        ['paths', 'patterns'].flatMap((kind) =>
          list(typeof group === 'object' && group !== null ? Reflect.get(group, kind) : undefined).map(
            (ban) => text(ban, 'message') ?? '',
          ),
        ),
      );
    default:
      return [];
  }
};

const SCOPES = ['domain', 'ports', 'adapters/memory', 'apps/probe'];

describeTool(
  'eslint',
  sourceMarkers.filter(({ rule }) => rule !== 'depcruise'),
  place,
  eslintFindings,
  (findings) => {
    it.each(SCOPES)('has a probe for every ban that is configured for src/%s', async (scope) => {
      const config = (await eslint.calculateConfigForFile(join(ROOT, 'src', scope, 'file.ts'))) as Linter.Config;
      const unprobed = Object.entries(config.rules ?? {}).flatMap(([rule, entry]) =>
        bansOf(rule, Array.isArray(entry) ? entry.slice(1) : []).filter(
          (ban) => !findings().some((finding) => finding.rule === rule && finding.message.includes(ban)),
        ),
      );
      expect(unprobed).toEqual([]);
    });

    it('has a probe for every rule that is switched on by hand', async () => {
      const { default: configs } = (await import(join(ROOT, 'eslint.config.js'))) as {
        default: readonly Linter.Config[];
      };
      const byHand = configs
        .filter(({ name }) => name === undefined || !/>|@eslint\/js/.test(name))
        .flatMap(({ rules }) => Object.entries(rules ?? {}))
        .filter(([, setting]) => setting !== 'off')
        .map(([rule]) => rule);
      expect(byHand).toContain('eqeqeq');
      expect([...new Set(byHand)].filter((rule) => !findings().some((finding) => finding.rule === rule))).toEqual([]);
    });

    it('finds nothing in the files that keep the rules', () => {
      expect(findings().filter(({ place }) => /main\.ts:|inner\.ts:|adapter\.ts:/.test(place))).toEqual([]);
    });
  },
);

interface Cruise {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly {
      readonly module: string;
      readonly rules?: readonly { readonly name: string }[];
    }[];
  }[];
  readonly summary: { readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] } };
}

const cruise = async (): Promise<Cruise> => {
  const args = ['src', '--config', join(ROOT, '.dependency-cruiser.js'), '--output-type', 'json'];
  return JSON.parse((await runTool('depcruise', args, { cwd: PROBES })).stdout) as Cruise;
};

describeTool(
  'dependency-cruiser',
  sourceMarkers.filter(({ rule }) => rule === 'depcruise'),
  ({ file, specifier }) => `${file} ← ${specifier ?? 'nothing'}`,
  async () =>
    (await cruise()).modules.flatMap(({ source, dependencies }) =>
      dependencies.flatMap(({ module, rules = [] }) =>
        rules.map(({ name }) => ({ place: `${source} ← ${module}`, rule: 'depcruise', message: name })),
      ),
    ),
  (findings) => {
    it('has a probe for every rule', async () => {
      const { forbidden } = (await cruise()).summary.ruleSetUsed;
      const bitten = new Set(findings().map(({ message }) => message));
      expect(forbidden.length).toBeGreaterThan(0);
      expect(forbidden.map(({ name }) => name).filter((name) => !bitten.has(name))).toEqual([]);
    });
  },
);

describeTool(
  'the compile of the domain alone',
  markersUnder(join(PROBES, 'domain-compile')),
  place,
  async () => {
    const { stdout } = await runTool('tsc', ['-p', '.', '--pretty', 'false'], {
      cwd: join(PROBES, 'domain-compile'),
    });
    return [...stdout.matchAll(/^(.+)\((\d+),\d+\): error (TS\d+): (.*)$/gm)].map(
      ([, file = '', line, rule = '', message = '']) => ({
        place: place({ file, line: Number(line) }),
        rule,
        message,
      }),
    );
  },
  () => undefined,
);
