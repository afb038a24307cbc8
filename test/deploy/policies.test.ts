/** The policy documents in deploy/: what they allow is what the programs need, and no more. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EnvironmentName, nameFromLiteral, StackName } from '../../src/domain/names.ts';
import { signalPath } from '../../src/domain/signal.ts';

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: string | readonly string[];
  readonly Resource: string;
  readonly Condition?: { readonly StringLike: { readonly 's3:prefix': string } };
}

interface Policy {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

const textOf = (name: string): string => readFileSync(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');
const policyOf = (name: string): Policy => JSON.parse(textOf(name)) as Policy;

/** Patterns know one wild card here: a star at the end, for any text. */
const isLike = (pattern: string, text: string): boolean =>
  pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;

/** Whether a policy lets its holder do this; `prefix` is what a list asks for, or the key that is looked for. */
const allows = ({ Statement: statements }: Policy, action: string, resource: string, prefix = ''): boolean =>
  statements.some(
    ({ Action: actions, Resource: pattern, Condition: condition }) =>
      [actions].flat().includes(action) &&
      isLike(pattern, resource) &&
      (condition === undefined || isLike(condition.StringLike['s3:prefix'], prefix)),
  );

const BUCKET = 'arn:aws:s3:::example-fleet';
const environment = nameFromLiteral(EnvironmentName)('prod-1');
const signalOf = (stack: StackName, fleet = 'fleet-1'): string =>
  `${fleet}/signals/${signalPath({ stack, environment })}`;
const stack = nameFromLiteral(StackName);
const own = signalOf(stack('basalt'));
const others = [
  signalOf(stack('ironstone')),
  signalOf(stack('basalt-2')),
  signalOf(stack('basalt'), 'fleet-2'),
  'fleet-1/state/control.json',
  'fleet-1/artifacts/1.0.1/record.json',
];

describe("deploy/s3-node-policy.json, a node's", () => {
  const policy = policyOf('s3-node-policy.json');

  it('reads the signals of its own stack, and is told when there is none', () => {
    expect(allows(policy, 's3:GetObject', `${BUCKET}/${own}`)).toBe(true);
    expect(allows(policy, 's3:ListBucket', BUCKET, own)).toBe(true);
  });

  it.each(others)('learns nothing of %s', (key) => {
    expect(allows(policy, 's3:GetObject', `${BUCKET}/${key}`)).toBe(false);
    expect(allows(policy, 's3:ListBucket', BUCKET, key)).toBe(false);
  });

  it('lists nothing else, and writes nothing', () => {
    for (const prefix of ['', 'fleet-1/', 'fleet-1/signals/chef-run-triggers/']) {
      expect(allows(policy, 's3:ListBucket', BUCKET, prefix)).toBe(false);
    }
    expect(policy.Statement.flatMap(({ Action: actions }) => actions)).toEqual(['s3:GetObject', 's3:ListBucket']);
  });
});

describe("deploy/s3-librarian-policy.json, the Librarian's", () => {
  const policy = policyOf('s3-librarian-policy.json');

  it.each([own, 'fleet-1/state/control.json', 'fleet-1/artifacts/1.0.1/record.json'])('reads and writes %s', (key) => {
    for (const action of ['s3:GetObject', 's3:PutObject']) {
      expect(allows(policy, action, `${BUCKET}/${key}`)).toBe(true);
      expect(allows(policy, action, `${BUCKET}/${key.replace('fleet-1', 'fleet-2')}`)).toBe(false);
    }
    expect(allows(policy, 's3:ListBucket', BUCKET, key)).toBe(true);
  });

  it('lists its own fleet only, and removes nothing', () => {
    expect(allows(policy, 's3:ListBucket', BUCKET, 'fleet-1/artifacts/')).toBe(true);
    expect(allows(policy, 's3:ListBucket', BUCKET, '')).toBe(false);
    expect(policy.Statement.flatMap(({ Action: actions }) => actions)).toEqual([
      's3:GetObject',
      's3:PutObject',
      's3:ListBucket',
    ]);
  });
});

describe.each(['s3-node-policy.json', 's3-librarian-policy.json'])('deploy/%s', (name) => {
  it('has the form of a policy, and no field that IAM does not know', () => {
    const { Version: version, Statement: statements, ...rest } = policyOf(name);
    expect({ version, rest }).toEqual({ version: '2012-10-17', rest: {} });
    for (const {
      Sid: sid,
      Effect: effect,
      Action: _action,
      Resource: _resource,
      Condition: _condition,
      ...more
    } of statements) {
      expect(sid).toMatch(/^[A-Za-z0-9]+$/);
      expect({ effect, more }).toEqual({ effect: 'Allow', more: {} });
    }
  });
});

describe.each(['deploy/gcs-node-role.yaml', 'deploy/gcs-librarian-role.yaml', 'docs/s3-and-gcs.md'])('%s', (name) => {
  // https://cloud.google.com/iam/docs/conditions-attribute-reference#api-attributes-storage
  it('binds nothing by the prefix of a list, which Google supports in Credential Access Boundaries only', () => {
    expect(textOf(`../${name}`)).not.toMatch(/api\.getAttribute/);
  });
});

describe.each([
  ['gcs-node-role.yaml', ['storage.objects.get', 'storage.objects.list']],
  [
    'gcs-librarian-role.yaml',
    ['storage.objects.create', 'storage.objects.delete', 'storage.objects.get', 'storage.objects.list'],
  ],
])('deploy/%s', (name, permissions) => {
  it('is a role with these permissions', () => {
    expect(parse(textOf(name))).toEqual({
      title: expect.stringMatching(/^Signalbox/) as string,
      description: expect.stringMatching(/\.$/) as string,
      stage: 'GA',
      includedPermissions: permissions,
    });
  });
});
