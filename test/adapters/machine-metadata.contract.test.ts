import { describe, expect, it } from 'vitest';
import { machineMetadataContract } from '../../src/adapters/contracts/index.ts';
import { ec2Metadata } from '../../src/adapters/ec2-metadata/index.ts';
import { gceMetadata } from '../../src/adapters/gce-metadata/index.ts';
import { nameFromLiteral, NodeName, Slug, ZoneId } from '../../src/domain/names.ts';
import type { MachineReading } from '../../src/ports/machine-metadata.ts';
import { keepsContract } from '../support/contract.ts';
import { EC2_TAG, startFakeEc2Metadata } from '../support/fake-ec2-metadata.ts';
import { GCE_TAG, startFakeGceMetadata } from '../support/fake-gce-metadata.ts';
import type { FakeMetadata } from '../support/fake-metadata.ts';

const limits = { requestMs: 150, totalMs: 600, waitMs: 10 };
const zone = nameFromLiteral(ZoneId);
const node = nameFromLiteral(NodeName);
const slug = nameFromLiteral(Slug);

const harnessOf = (fake: FakeMetadata) => ({
  boundMs: limits.totalMs,
  become: fake.become,
  asked: () => fake.asked.length,
  tearDown: fake.close,
});

keepsContract(
  'MachineMetadata',
  'EC2',
  machineMetadataContract(async () => {
    const fake = await startFakeEc2Metadata();
    return {
      ...harnessOf(fake),
      metadata: ec2Metadata({ endpoint: fake.endpoint, ...limits }),
      tag: slug(EC2_TAG),
      machine: {
        zone: zone('use1-az4'),
        zoneName: zone('us-east-1a'),
        instanceId: node('i-0abc123def456789a'),
        tag: 'basalt',
      },
    };
  }),
);

keepsContract(
  'MachineMetadata',
  'GCE',
  machineMetadataContract(async () => {
    const fake = await startFakeGceMetadata();
    return {
      ...harnessOf(fake),
      metadata: gceMetadata({ host: fake.host, ...limits }),
      tag: slug(GCE_TAG),
      machine: {
        zone: zone('us-central1-a'),
        zoneName: zone('us-central1-a'),
        instanceId: node('4520031799277581759'),
        instanceName: node('web-17'),
        tag: 'ironstone',
      },
    };
  }),
);

const withFake = async <F extends FakeMetadata, A>(
  start: () => Promise<F>,
  act: (fake: F) => Promise<A>,
): Promise<A> => {
  const fake = await start();
  try {
    return await act(fake);
  } finally {
    await fake.close();
  }
};

const detailOf = (reading: MachineReading): string => (reading._tag === 'Found' ? '' : reading.detail);

describe('EC2', () => {
  it('one token serves for all facts, and version 1 of the service is never asked', () =>
    withFake(
      () => startFakeEc2Metadata(),
      async (fake) => {
        await ec2Metadata({ endpoint: fake.endpoint, ...limits }).describe({ tag: slug(EC2_TAG) });
        expect(fake.asked).toEqual([
          'PUT /latest/api/token',
          'GET /latest/meta-data/placement/availability-zone-id',
          'GET /latest/meta-data/placement/availability-zone',
          'GET /latest/meta-data/instance-id',
          `GET /latest/meta-data/tags/instance/${EC2_TAG}`,
        ]);
      },
    ));

  it('a token that holds no more is replaced', () =>
    withFake(
      () => startFakeEc2Metadata({}, 2),
      async (fake) => {
        const reading = await ec2Metadata({ endpoint: fake.endpoint, ...limits }).describe({ tag: slug(EC2_TAG) });
        expect(reading._tag).toBe('Found');
        expect(fake.asked.filter((request) => request.startsWith('PUT'))).toHaveLength(2);
      },
    ));

  it('a service that takes no token of its own is not asked for ever', () =>
    withFake(
      () => startFakeEc2Metadata({}, 0),
      async (fake) => {
        const reading = await ec2Metadata({ endpoint: fake.endpoint, ...limits }).describe({});
        expect(reading._tag).toBe('NotThisCloud');
        expect(fake.asked).toHaveLength(4);
      },
    ));

  it('a token request without an answer is explained: the hop limit', () =>
    withFake(
      () => startFakeEc2Metadata(),
      async (fake) => {
        fake.limitHops();
        const reading = await ec2Metadata({ endpoint: fake.endpoint, ...limits }).describe({});
        expect(reading._tag).toBe('Unavailable');
        expect(detailOf(reading)).toContain('HttpPutResponseHopLimit');
      },
    ));

  it('a fact that the service has not is refused by its name', () =>
    withFake(
      () => startFakeEc2Metadata({ 'placement/availability-zone-id': '' }),
      async (fake) => {
        const reading = await ec2Metadata({ endpoint: fake.endpoint, ...limits }).describe({});
        expect(reading._tag).toBe('Refused');
        expect(detailOf(reading)).toContain('availability-zone-id');
      },
    ));

  it('is not what another cloud answers', () =>
    withFake(
      () => startFakeGceMetadata(),
      async (fake) => {
        const reading = await ec2Metadata({ endpoint: `http://${fake.host}`, ...limits }).describe({});
        expect(['NotThisCloud', 'Refused']).toContain(reading._tag);
      },
    ));

  it.each(['ftp://169.254.169.254', 'http://169.254.169.254/latest', 'http://a:b@c', 'no address'])(
    'the endpoint %s is refused where it is configured',
    (endpoint) => {
      expect(() => ec2Metadata({ endpoint })).toThrow(/AWS_EC2_METADATA_SERVICE_ENDPOINT: expected an address/);
    },
  );
});

describe('GCE', () => {
  it('is not what another cloud answers', () =>
    withFake(
      () => startFakeEc2Metadata(),
      async (fake) => {
        const reading = await gceMetadata({ host: fake.host, ...limits }).describe({});
        expect(reading._tag).toBe('NotThisCloud');
        expect(detailOf(reading)).toContain('Metadata-Flavor');
      },
    ));

  it('a path as a host is refused where it is configured', () => {
    expect(() => gceMetadata({ host: 'host/path' })).toThrow(/GCE_METADATA_HOST: expected an address/);
  });
});
