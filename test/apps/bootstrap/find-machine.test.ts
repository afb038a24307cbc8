import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../src/adapters/memory/index.ts';
import { findMachine, type MachineOptions } from '../../../src/apps/bootstrap/index.ts';
import { nameFromLiteral, NodeName, Slug, StackName, ZoneId } from '../../../src/domain/names.ts';
import { epochMs } from '../../../src/domain/time.ts';
import type { Machine, MachineMetadata, MachineQuestion, MachineReading } from '../../../src/ports/machine-metadata.ts';

const zone = nameFromLiteral(ZoneId);
const node = nameFromLiteral(NodeName);
const stack = nameFromLiteral(StackName);
const slug = nameFromLiteral(Slug);

const ON_EC2: Machine = { zone: zone('use1-az4'), zoneName: zone('us-east-1a'), instanceId: node('i-0abc') };
const ON_GCE: Machine = {
  zone: zone('us-central1-a'),
  zoneName: zone('us-central1-a'),
  instanceId: node('4520031799277581759'),
  instanceName: node('web-17'),
};
const ABSENT: MachineReading = { _tag: 'Unavailable', detail: 'no answer' };

const options: MachineOptions = {
  source: 'auto',
  zone: O.none,
  node: O.none,
  stack: O.some(stack('basalt')),
  stackTag: O.none,
  zoneBy: 'id',
  nodeFrom: 'instance-id',
  abort: new AbortController().signal,
};

/** A cloud that answers so, or never of itself. */
const cloud = (reading: MachineReading | 'never', asked: MachineQuestion[] = []): MachineMetadata => ({
  describe: (question, abort) => {
    asked.push(question);
    if (reading !== 'never') return Promise.resolve(reading);
    return new Promise((resolve) => {
      abort?.addEventListener('abort', () => resolve(ABSENT));
    });
  },
});

const found = (machine: Machine): MachineReading => ({ _tag: 'Found', machine });

const find = (ec2: MachineReading, gce: MachineReading, more: Partial<MachineOptions> = {}, hostname = 'host-1') =>
  findMachine({
    clock: virtualClock(epochMs(0)),
    clouds: { ec2: cloud(ec2), gce: cloud(gce) },
    hostname: () => hostname,
  })({ ...options, ...more });

describe('who says where the machine stands', () => {
  it('auto asks both, and says which one answered', async () => {
    expect(await find(found(ON_EC2), ABSENT)).toEqual(
      E.right({ zone: 'use1-az4', node: 'i-0abc', stack: 'basalt', source: 'ec2' }),
    );
    expect(await find({ _tag: 'NotThisCloud', detail: 'a page' }, found(ON_GCE))).toMatchObject({
      right: { zone: 'us-central1-a', source: 'gce' },
    });
  });

  it('auto does not wait for the bound of a cloud that is not there', async () => {
    const clock = virtualClock(epochMs(0));
    const finding = findMachine({
      clock,
      clouds: { ec2: cloud(found(ON_EC2)), gce: cloud('never') },
      hostname: () => 'host-1',
    })(options);
    // The one that answers is heard first: only then is the other one's time limited.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    await clock.advanceTo(epochMs(2_000));
    expect(await finding).toMatchObject({ right: { source: 'ec2' } });
  });

  it('B2: where both claim the machine, nothing is guessed', async () => {
    expect(await find(found(ON_EC2), found(ON_GCE))).toMatchObject({
      left: {
        _tag: 'Unavailable',
        detail: expect.stringMatching(/both EC2 \(use1-az4\) and GCE .* --source/) as string,
      },
    });
  });

  it('B2: where nobody answers, both reasons are told, and the way out', async () => {
    expect(await find(ABSENT, { _tag: 'Refused', detail: 'status 403' })).toMatchObject({
      left: {
        _tag: 'Unavailable',
        detail: expect.stringMatching(/EC2: Unavailable: no answer; GCE: Refused: status 403; .*--zone/) as string,
      },
    });
  });

  it('one cloud that is named is the only one that is asked', async () => {
    const asked: MachineQuestion[] = [];
    const never: MachineQuestion[] = [];
    const result = await findMachine({
      clock: virtualClock(epochMs(0)),
      clouds: { ec2: cloud(found(ON_EC2), never), gce: cloud(found(ON_GCE), asked) },
      hostname: () => 'host-1',
    })({ ...options, source: 'gce' });
    expect([result, asked.length, never]).toMatchObject([{ right: { source: 'gce' } }, 1, []]);
  });

  it('what is given asks nobody', async () => {
    const given = { source: 'given', zone: O.some(zone('use1-az4')), node: O.some(node('web-17')) } as const;
    expect(await find(found(ON_GCE), found(ON_EC2), given)).toEqual(
      E.right({ zone: 'use1-az4', node: 'web-17', stack: 'basalt', source: 'given' }),
    );
    expect(await find(ABSENT, ABSENT, { source: 'given' })).toMatchObject({
      left: { _tag: 'BadData', detail: expect.stringContaining('expected --zone') as string },
    });
  });
});

describe('which zone, node and stack', () => {
  it.each<readonly [string, Partial<MachineOptions>, object]>([
    ['the zone by its id', {}, { zone: 'use1-az4' }],
    ['the zone by its name', { zoneBy: 'name' }, { zone: 'us-east-1a' }],
    ['the zone that was given', { zone: O.some(zone('use1-az9')) }, { zone: 'use1-az9' }],
    ['the node by its instance', {}, { node: 'i-0abc' }],
    ['the node by its host name', { nodeFrom: 'hostname' }, { node: 'host-1' }],
    ['the node that was given', { node: O.some(node('web-1')) }, { node: 'web-1' }],
    ['the stack of the configuration, whatever a tag says', { stackTag: O.some(slug('stack')) }, { stack: 'basalt' }],
    ['the stack of a tag', { stack: O.none, stackTag: O.some(slug('stack')) }, { stack: 'ironstone' }],
  ])('%s', async (_, more, expected) => {
    expect(await find(found({ ...ON_EC2, tag: 'ironstone' }), ABSENT, more)).toMatchObject({ right: expected });
  });

  it('the node by its name, where the cloud has one', async () => {
    const more = { nodeFrom: 'instance-name' } as const;
    expect(await find(ABSENT, found(ON_GCE), more)).toMatchObject({ right: { node: 'web-17' } });
    expect(await find(found(ON_EC2), ABSENT, more)).toMatchObject({
      left: { detail: expect.stringContaining('--node-from') as string },
    });
  });

  it('S7: a host name that is none names no node', async () => {
    const more = { nodeFrom: 'hostname' } as const;
    expect(await find(found(ON_EC2), ABSENT, more, '../etc')).toMatchObject({
      left: { _tag: 'BadData', detail: expect.stringContaining('the host name') as string },
    });
  });

  it.each<readonly [string, Partial<MachineOptions>, Machine, RegExp]>([
    ['no stack', { stack: O.none }, ON_EC2, /--stack-tag/],
    ['a tag that is not there', { stack: O.none, stackTag: O.some(slug('stack')) }, ON_EC2, /InstanceMetadataTags/],
    [
      'a tag that is no name',
      { stack: O.none, stackTag: O.some(slug('stack')) },
      { ...ON_EC2, tag: '../etc' },
      /the tag stack: expected a stack name/,
    ],
  ])('%s is an error that says what to do', async (_, more, machine, detail) => {
    expect(await find(found(machine), ABSENT, more)).toMatchObject({
      left: { _tag: 'BadData', detail: expect.stringMatching(detail) as string },
    });
  });
});
