import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import {
  type Assignment,
  assignmentDecision,
  assignmentFor,
  dropInText,
  formatAssignmentRefusal,
  isSameAssignment,
  nodeFileText,
  parseNodeFile,
} from '../../src/domain/assignment.ts';
import { EnvironmentName, nameFromLiteral, NodeName, StackName, ZoneId } from '../../src/domain/names.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

const assignment: fc.Arbitrary<Assignment> = fc.record(
  { stack: arb.stackName, environment: arb.environmentName, node: arb.nodeName },
  { noNullPrototype: true },
);
const maybe = <A>(value: fc.Arbitrary<A>): fc.Arbitrary<O.Option<A>> =>
  fc.option(value, { nil: undefined }).map(O.fromNullable);

const make = (stack: string, environment: string, node: string): Assignment => ({
  stack: nameFromLiteral(StackName)(stack),
  environment: nameFromLiteral(EnvironmentName)(environment),
  node: nameFromLiteral(NodeName)(node),
});
const wanted = make('basalt', 'prod-1', 'web-17');
const paths = { nodeFile: '/etc/signalbox/node.json', dropIn: '/etc/chef/client.d/signalbox.rb' };

describe('B4: the two files', () => {
  property('the node file is read as it was written', [assignment], (written) => {
    expect(parseNodeFile(nodeFileText(written))).toEqual(E.right(written));
  });

  it('the Summoner’s is JSON', () => {
    expect(nodeFileText(wanted)).toBe('{\n  "stack": "basalt",\n  "environment": "prod-1",\n  "node": "web-17"\n}\n');
  });

  it('chef-client’s is Ruby, with its own settings', () => {
    expect(dropInText(wanted).split('\n').slice(1)).toEqual(['node_name "web-17"', 'environment "prod-1"', '']);
  });

  property('no name can say more than a name in Ruby', [assignment], (any) => {
    expect(dropInText(any)).toMatch(/^# [^\n]*\nnode_name "[\w.-]+"\nenvironment "[\w-]+"\n$/);
  });

  property('fault 38: any text is read without a throw', [fc.string({ unit: 'binary' })], (text) => {
    expect(['Left', 'Right']).toContain(parseNodeFile(text)._tag);
  });
});

describe('B3: what exists is never changed silently', () => {
  const anyText = fc.oneof(fc.string(), assignment.map(nodeFileText), assignment.map(dropInText));

  property(
    'whatever stands there, only what says the same, or nothing, is written over',
    [assignment, maybe(anyText), maybe(anyText)],
    (becoming, nodeFile, dropIn) => {
      const decision = assignmentDecision(becoming, { nodeFile, dropIn });
      if (decision._tag === 'Refuse') return;
      const existing = O.isSome(nodeFile) ? parseNodeFile(nodeFile.value) : E.right(becoming);
      expect(E.isRight(existing) && isSameAssignment(existing.right, becoming)).toBe(true);
      expect(O.isNone(dropIn) || dropIn.value === dropInText(becoming)).toBe(true);
      expect(decision.assignment).toEqual(becoming);
    },
  );

  property(
    'any other assignment is refused, naming both and the way out',
    [assignment, assignment, fc.boolean()],
    (existing, becoming, withDropIn) => {
      fc.pre(!isSameAssignment(existing, becoming));
      const decision = assignmentDecision(becoming, {
        nodeFile: O.some(nodeFileText(existing)),
        dropIn: withDropIn ? O.some(dropInText(existing)) : O.none,
      });
      expect(decision).toEqual({ _tag: 'Refuse', refusal: { _tag: 'AssignedOtherwise', existing, wanted: becoming } });
      if (decision._tag !== 'Refuse') return;
      const text = formatAssignmentRefusal(decision.refusal, paths);
      for (const { stack, environment, node } of [existing, becoming]) {
        expect(text).toContain(`${node} in ${stack}/${environment}`);
      }
      expect(text).toContain('--reassign');
    },
  );

  it.each<readonly [string, string | undefined, string | undefined, string]>([
    ['nothing there', undefined, undefined, 'Assign'],
    ['a crash between the two writes', undefined, dropInText(wanted), 'Assign'],
    ['both there', nodeFileText(wanted), dropInText(wanted), 'AlreadyAssigned'],
    ['both there, written more tightly', JSON.stringify(wanted), dropInText(wanted), 'AlreadyAssigned'],
    ['the drop-in gone', nodeFileText(wanted), undefined, 'RestoreDropIn'],
    [
      'fault 43: another node’s, from a cloned image',
      nodeFileText(make('basalt', 'prod-1', 'web-1')),
      undefined,
      'AssignedOtherwise',
    ],
    ['another stack’s', nodeFileText(make('ironstone', 'prod-1', 'web-17')), undefined, 'AssignedOtherwise'],
    [
      'another environment’s',
      nodeFileText(make('basalt', 'prod-2', 'web-17')),
      dropInText(wanted),
      'AssignedOtherwise',
    ],
    ['fault 38: an empty node file', '', dropInText(wanted), 'NodeFileUnreadable'],
    ['fault 38: a torn node file', nodeFileText(wanted).slice(0, -3), undefined, 'NodeFileUnreadable'],
    [
      'fault 12: a node file without a node',
      '{"stack":"basalt","environment":"prod-1"}',
      undefined,
      'NodeFileUnreadable',
    ],
    ['someone else’s drop-in', undefined, 'environment "prod-9"\n', 'DropInDiffers'],
    [
      'a drop-in that was changed by hand',
      nodeFileText(wanted),
      dropInText(make('basalt', 'prod-2', 'web-17')),
      'DropInDiffers',
    ],
  ])('%s', (_, nodeFile, dropIn, expected) => {
    const decision = assignmentDecision(wanted, { nodeFile: O.fromNullable(nodeFile), dropIn: O.fromNullable(dropIn) });
    expect(decision._tag === 'Refuse' ? decision.refusal._tag : decision._tag).toBe(expected);
  });

  it('a file that cannot be told is named, with the way out', () => {
    expect(
      formatAssignmentRefusal(
        { _tag: 'NodeFileUnreadable', detail: 'document: expected JSON, got nothing', wanted },
        paths,
      ),
    ).toBe(
      '/etc/signalbox/node.json: document: expected JSON, got nothing; it was left as it is: mend it, or bootstrap again with --reassign and a --reason to become web-17 in basalt/prod-1',
    );
    expect(formatAssignmentRefusal({ _tag: 'DropInDiffers', found: 'environment "x"\n', wanted }, paths)).toBe(
      '/etc/chef/client.d/signalbox.rb: expected what bootstrap writes for web-17 in basalt/prod-1, got "environment \\"x\\"\\n"; it was left as it is: remove it and bootstrap again, or bootstrap with --reassign and a --reason',
    );
  });
});

describe('B1, B2: where a machine belongs', () => {
  const zone = nameFromLiteral(ZoneId);
  const map = { _tag: 'Table', zones: new Map([[zone('use1-az4'), wanted.environment]]) } as const;

  it('is the stack it stands under and the environment of its zone', () => {
    expect(assignmentFor(map)(wanted.stack, zone('use1-az4'), wanted.node)).toEqual(E.right(wanted));
  });

  it('fault 65: is nowhere when its zone is not mapped', () => {
    expect(assignmentFor(map)(wanted.stack, zone('use1-az5'), wanted.node)).toMatchObject({
      left: { _tag: 'UnmappedZone', zone: 'use1-az5' },
    });
  });
});
