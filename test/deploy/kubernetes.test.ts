/** deploy/kubernetes: what the API server would take, without a field that it does not know, and what the laws want. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import { Deployment } from 'kubernetes-models/apps/v1';
import { CronJob } from 'kubernetes-models/batch/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, type IContainer, type IPodSpec, Service, ServiceAccount } from 'kubernetes-models/v1';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeConfig } from '../../src/apps/config.ts';
import { formatFailure } from '../../src/apps/failure.ts';
import { decodeWith } from '../../src/domain/decoding.ts';
import { GRACE_MS_DEFAULT, ReleasePlan } from '../../src/domain/release-plan.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/domain/time.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'deploy/kubernetes');
const FILES = globSync('*.yaml', { cwd: FOLDER }).toSorted();

const documentOf = (file: string): unknown => parse(readFileSync(join(FOLDER, file), 'utf8')) as unknown;

/** File → the model that validates it, and the module and type that know its fields. */
const MODELS = {
  'config.yaml': [ConfigMap, 'v1', 'IConfigMap'],
  'deployment.yaml': [Deployment, 'apps/v1', 'IDeployment'],
  'disruption-budget.yaml': [PodDisruptionBudget, 'policy/v1', 'IPodDisruptionBudget'],
  'network-policy.yaml': [NetworkPolicy, 'networking.k8s.io/v1', 'INetworkPolicy'],
  'service-account.yaml': [ServiceAccount, 'v1', 'IServiceAccount'],
  'service.yaml': [Service, 'v1', 'IService'],
  'tick.yaml': [CronJob, 'batch/v1', 'ICronJob'],
} as const;

type File = keyof typeof MODELS;

/** What the compiler says of a document that is written down as a value of its type: it knows every field. */
const fieldFaults = (documents: readonly (readonly [module: string, type: string, document: unknown])[]): string[] => {
  const name = join(ROOT, 'test/deploy/manifests.generated.ts');
  const source = documents
    .map(
      ([module, type, document], n) =>
        `import type { ${type} as T${n} } from 'kubernetes-models/${module}';\nexport const d${n}: T${n} = ${JSON.stringify(document)};\n`,
    )
    .join('');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const own = ts.createSourceFile(name, source, ts.ScriptTarget.ES2022);
  const program = ts.createProgram([name], options, {
    ...host,
    getSourceFile: (file, ...rest) => (file === name ? own : host.getSourceFile(file, ...rest)),
    fileExists: (file) => file === name || host.fileExists(file),
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
};

const files = Object.keys(MODELS) as File[];

describe('deploy/kubernetes', () => {
  it('has a model for every file', () => {
    expect(FILES).toEqual(files);
  });

  it.each(files)('%s is valid', (file) => {
    const [model] = MODELS[file];
    const document = documentOf(file);
    expect(document).toMatchObject({ apiVersion: model.apiVersion, kind: model.kind });
    // The document is unknown; whether it is of the form that the constructor wants is what is asked.
    const make = model as new (document: never) => { readonly validate: () => void };
    expect(() => new make(document as never).validate()).not.toThrow();
  });

  it('has no field that Kubernetes does not know', () => {
    const faults = fieldFaults(files.map((file) => [MODELS[file][1], MODELS[file][2], documentOf(file)]));
    expect(faults).toEqual([]);
  });

  it('would be found out if it had one', () => {
    const wrong = JSON.parse(
      JSON.stringify(documentOf('deployment.yaml')).replace('"readinessProbe"', '"redinessProbe"'),
    ) as unknown;
    expect(fieldFaults([['apps/v1', 'IDeployment', wrong]]).join()).toContain('redinessProbe');
  });
});

const deployment = documentOf('deployment.yaml') as Deployment;
const tick = documentOf('tick.yaml') as CronJob;
const config = (documentOf('config.yaml') as { readonly data: Readonly<Record<string, string>> }).data;

const podOf = (spec: IPodSpec | undefined): { readonly pod: IPodSpec; readonly container: IContainer } => {
  const [container, ...others] = spec?.containers ?? [];
  if (spec === undefined || container === undefined || others.length > 0) throw new Error('expected one container');
  return { pod: spec, container };
};

const PODS = [
  ['the Librarian', podOf(deployment.spec?.template.spec)],
  ['the tick', podOf(tick.spec.jobTemplate.spec?.template.spec)],
] as const;

describe.each(PODS)('%s', (_, { pod, container }) => {
  it('runs as nobody, on a file system that it cannot write, with no right that it does not need', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.resources?.limits).toHaveProperty('memory');
  });

  it('mounts what it has, and keeps secrets from everybody else', () => {
    const volumes = pod.volumes ?? [];
    expect((container.volumeMounts ?? []).map(({ name }) => name).sort()).toEqual(
      volumes.map(({ name }) => name).sort(),
    );
    const modes = volumes.flatMap(({ secret }) => (secret === undefined ? [] : [secret.defaultMode]));
    expect(modes.length).toBeGreaterThan(0);
    expect(new Set(modes)).toEqual(new Set([0o440]));
  });

  it('finds every file that its configuration names under what is mounted', () => {
    const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
    const paths = [...(config['config.yaml'] ?? '').matchAll(/(\/(?:etc|var)\/[\w./-]+)/g)].map(
      ([, path]) => path ?? '',
    );
    const needed = paths.filter((path) => container.name === 'librarian' || !path.startsWith('/etc/signalbox-tls/'));
    expect(needed.length).toBeGreaterThan(3);
    for (const path of needed) {
      expect(
        mounts.some((mount) => path === mount || dirname(path) === mount),
        path,
      ).toBe(true);
    }
  });
});

describe('the Librarian', () => {
  it('L4: there are two, of which one always stays', () => {
    expect(deployment.spec).toMatchObject({ replicas: 2, strategy: { rollingUpdate: { maxUnavailable: 0 } } });
    const budget = documentOf('disruption-budget.yaml') as PodDisruptionBudget;
    expect(budget.spec).toEqual({ minAvailable: 1, selector: deployment.spec?.selector });
    expect(deployment.spec?.template.metadata?.labels).toEqual(deployment.spec?.selector.matchLabels);
    expect((documentOf('service.yaml') as Service).spec?.selector).toEqual(deployment.spec?.selector.matchLabels);
  });

  it('is probed where it answers, over what it speaks', () => {
    const { container } = podOf(deployment.spec?.template.spec);
    const port = container.ports?.[0];
    const decoded = decodeConfig(parse(config['config.yaml'] ?? ''), {}, () => E.left(''));
    if (E.isLeft(decoded)) throw new Error(formatFailure(decoded.left));
    expect(port).toEqual({ name: 'https', containerPort: decoded.right.listen.port });
    const scheme = decoded.right.tls._tag === 'Some' ? 'HTTPS' : 'HTTP';
    for (const [probe, path] of [
      [container.livenessProbe, '/healthz'],
      [container.startupProbe, '/healthz'],
      [container.readinessProbe, '/readyz'],
    ] as const) {
      expect(probe?.httpGet).toEqual({ path, port: 'https', scheme });
    }
  });
});

describe('the tick', () => {
  it('T7, T8: never overlaps, and starts within the grace of every departure, or not at all', () => {
    const { spec } = tick;
    const every = /^\*\/(\d+) \* \* \* \*$/.exec(spec.schedule)?.[1];
    const periodMs = Number(every) * MINUTE_MS;
    const deadlineMs = (spec.startingDeadlineSeconds ?? Number.NaN) * SECOND_MS;
    expect(spec.concurrencyPolicy).toBe('Forbid');
    expect(spec.timeZone).toBe('Etc/UTC');
    expect(60 % Number(every)).toBe(0);
    expect(deadlineMs).toBeGreaterThanOrEqual(10 * SECOND_MS);
    expect(periodMs + deadlineMs).toBeLessThan(GRACE_MS_DEFAULT);
  });
});

describe('the configuration', () => {
  it('is one that the Librarian takes', () => {
    const decoded = decodeConfig(parse(config['config.yaml'] ?? ''), {}, () => E.left(''));
    expect(E.isLeft(decoded) ? formatFailure(decoded.left) : 'taken').toBe('taken');
  });

  it('names a plan that it takes too, whose stacks have a Chef server each', () => {
    const plan = decodeWith(ReleasePlan)(parse(config['plan.yaml'] ?? ''));
    if (E.isLeft(plan)) throw new Error(JSON.stringify(plan.left));
    const servers = (parse(config['config.yaml'] ?? '') as { readonly chef_servers: object }).chef_servers;
    expect(Object.keys(servers)).toEqual(plan.right.stacks);
  });
});

describe('deploy/Containerfile', () => {
  const text = readFileSync(join(ROOT, 'deploy/Containerfile'), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM')));
  const { bin, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly bin: object;
    readonly engines: { readonly node: string };
  };

  it('starts from Node alone, of a version that is supported', () => {
    const bases = lines.filter((line) => line.startsWith('FROM')).map((line) => /^FROM (\S+)/.exec(line)?.[1]);
    expect(new Set(bases)).toEqual(new Set(['node:24-slim']));
    expect(24).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]));
  });

  it('runs as the user of the pods, and what package.json calls signalbox, without a shell in between', () => {
    expect(last).toContain('USER 10001:10001');
    const [, entry = '[]'] = /^ENTRYPOINT (.*)$/m.exec(last.join('\n')) ?? [];
    expect(JSON.parse(entry)).toEqual(['node', '/opt/signalbox/node_modules/.bin/signalbox']);
    expect(Object.keys(bin)).toEqual(['signalbox']);
    expect(last).toContain('CMD ["librarian"]');
  });

  it('takes nothing from the checkout that is made by tools', () => {
    const ignored = readFileSync(join(ROOT, 'deploy/Containerfile.dockerignore'), 'utf8').trim().split('\n');
    expect(ignored).toEqual(['.git', 'build', 'coverage', 'dist', 'node_modules']);
  });
});
