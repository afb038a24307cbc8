/** `signalbox bootstrap` and `signalbox zones` as an operator runs them, beside services on loopback. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { startFakeEc2Metadata } from '../../support/fake-ec2-metadata.ts';
import { startFakeGceMetadata } from '../../support/fake-gce-metadata.ts';
import { type Ended, runSignalbox } from '../../support/run-signalbox.ts';

const ZONES = {
  strategy: 'table',
  zones: { 'use1-az4': 'prod-1', 'us-east-1a': 'prod-2', 'us-central1-a': 'prod-3' },
};

interface TestMachine {
  readonly root: string;
  readonly bootstrap: (...args: readonly string[]) => Promise<Ended>;
  readonly isAssigned: () => boolean;
}

/** A machine with a configuration, and `environment` to run in. */
const onMachine = (
  environment: Readonly<Record<string, string>>,
  act: (machine: TestMachine) => Promise<void>,
  config: object = {},
): Promise<void> =>
  inTemporaryDirectory(async (root) => {
    await mkdir(join(root, 'etc'));
    writeFileSync(join(root, 'etc/zones.yaml'), JSON.stringify(ZONES));
    writeFileSync(
      join(root, 'etc/config.yaml'),
      JSON.stringify({ zones: 'zones.yaml', stack: 'basalt', node_file: 'node.json', client_d: 'client.d', ...config }),
    );
    await act({
      root,
      bootstrap: (...args) => runSignalbox(['-c', 'etc/config.yaml', 'bootstrap', ...args], root, environment),
      isAssigned: () => existsSync(join(root, 'etc/node.json')) || existsSync(join(root, 'etc/client.d')),
    });
  });

describe('signalbox bootstrap', () => {
  it('B4: asks EC2 as AWS’s own tools do, and writes what it says', async () => {
    const ec2 = await startFakeEc2Metadata();
    try {
      await onMachine({ AWS_EC2_METADATA_SERVICE_ENDPOINT: ec2.endpoint }, async ({ root, bootstrap }) => {
        const ended = await bootstrap('--source', 'ec2', '--json');
        expect(ended).toMatchObject({ code: 0, err: '' });
        expect(JSON.parse(ended.out)).toEqual({
          outcome: 'Assigned',
          stack: 'basalt',
          environment: 'prod-1',
          node: 'i-0abc123def456789a',
          zone: 'use1-az4',
          source: 'ec2',
        });
        expect(readFileSync(join(root, 'etc/client.d/signalbox.rb'), 'utf8')).toContain('environment "prod-1"');
        expect((await bootstrap('--source', 'ec2')).out).toBe(
          'already assigned i-0abc123def456789a in basalt/prod-1: ec2 says zone use1-az4\n',
        );
      });
    } finally {
      await ec2.close();
    }
  });

  it('B3: another answer is refused, and carried out where a person gives a reason', async () => {
    const ec2 = await startFakeEc2Metadata();
    try {
      await onMachine({ AWS_EC2_METADATA_SERVICE_ENDPOINT: ec2.endpoint }, async ({ root, bootstrap }) => {
        await bootstrap('--source', 'ec2', '--node', 'web-1');
        const refused = await bootstrap('--source', 'ec2', '--node', 'web-1', '--zone-by', 'name');
        expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('--reassign') as string });
        expect((await bootstrap('--reassign')).code).toBe(64);
        expect((await bootstrap('--reason', 'more')).code).toBe(64);
        const move = [
          '--source',
          'ec2',
          '--node',
          'web-1',
          '--zone-by',
          'name',
          '--reassign',
          '--reason',
          'more canaries',
        ];
        const moved = await bootstrap(...move);
        expect(moved).toMatchObject({
          code: 0,
          out: expect.stringContaining('reassigned web-1 in basalt/prod-2') as string,
        });
        expect(moved.err).toMatch(/"reason":"more canaries","msg":"the machine is moved"/);
        expect(JSON.parse(readFileSync(join(root, 'etc/node.json'), 'utf8'))).toMatchObject({ environment: 'prod-2' });
      });
    } finally {
      await ec2.close();
    }
  });

  it('auto finds GCE, names the node as it is told, and takes the stack of an attribute', async () => {
    const gce = await startFakeGceMetadata();
    try {
      const environment = { GCE_METADATA_HOST: gce.host, AWS_EC2_METADATA_DISABLED: 'true' };
      await onMachine(
        environment,
        async ({ bootstrap }) => {
          const ended = await bootstrap('--node-from', 'instance-name', '--stack-tag', 'signalbox-stack', '--dry-run');
          expect(ended).toMatchObject({ code: 0, err: '' });
          expect(ended.out).toMatch(/^would assign web-17 in ironstone\/prod-3 .*: gce says zone us-central1-a\n$/);
        },
        { stack: undefined },
      );
    } finally {
      await gce.close();
    }
  });

  it('fault 10: a page to log in is no cloud, and nothing is written', async () => {
    const page = await startFakeEc2Metadata();
    await page.become('LoginPage');
    try {
      const environment = { AWS_EC2_METADATA_SERVICE_ENDPOINT: page.endpoint, GCE_METADATA_HOST: page.host };
      await onMachine(environment, async ({ bootstrap, isAssigned }) => {
        const ended = await bootstrap();
        expect(ended.code).toBe(69);
        expect(ended.err).toMatch(/EC2: NotThisCloud: .*; GCE: NotThisCloud: .*nothing was written/);
        expect(isAssigned()).toBe(false);
      });
    } finally {
      await page.close();
    }
  });

  it('B2, fault 65: a zone that is not mapped is an error, and nothing is written', async () => {
    await onMachine({}, async ({ bootstrap, isAssigned }) => {
      const ended = await bootstrap('--zone', 'use1-az9', '--node', 'web-1');
      expect(ended).toMatchObject({ code: 65, err: expect.stringContaining('expected one of the zone map') as string });
      expect(isAssigned()).toBe(false);
    });
  });

  it.each([
    [
      'an endpoint that is none',
      { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'ftp://x' },
      {},
      ['--source', 'ec2'],
      /METADATA_SERVICE_ENDPOINT/,
    ],
    ['no stack', {}, { stack: undefined }, ['--zone', 'use1-az4', '--node', 'web-1'], /stack: expected a value/],
    ['no zone map', {}, { zones: undefined }, ['--zone', 'use1-az4', '--node', 'web-1'], /zones: expected a value/],
    [
      'a zone map that is not there',
      {},
      { zones: 'none.yaml' },
      ['--zone', 'use1-az4', '--node', 'web-1'],
      /none\.yaml/,
    ],
  ] as const)('%s is a bad configuration', async (_, environment, config, args, detail) => {
    await onMachine(
      environment,
      async ({ bootstrap, isAssigned }) => {
        const ended = await bootstrap(...args);
        expect([ended.code, isAssigned()]).toEqual([78, false]);
        expect(ended.err).toMatch(detail);
      },
      config,
    );
  });

  describe('the hook', () => {
    const GIVEN = ['--zone', 'use1-az4', '--node', 'web-1'];

    it('of the configuration is told on its input; one on the command line goes before it', async () => {
      await onMachine(
        {},
        async ({ root, bootstrap }) => {
          await bootstrap(...GIVEN);
          expect(JSON.parse(readFileSync(join(root, 'configured'), 'utf8'))).toMatchObject({ type: 'bootstrap.done' });
          await bootstrap('--zone', 'elsewhere', '--node', 'web-1', '--notify', 'tee named');
          expect(JSON.parse(readFileSync(join(root, 'named'), 'utf8'))).toMatchObject({ type: 'bootstrap.failed' });
          expect(JSON.parse(readFileSync(join(root, 'configured'), 'utf8'))).toMatchObject({ type: 'bootstrap.done' });
        },
        { bootstrap_hook: ['tee', 'configured'] },
      );
    });

    it('is told of a configuration that cannot be used, and of no dry run', async () => {
      await onMachine(
        {},
        async ({ root, bootstrap }) => {
          expect((await bootstrap(...GIVEN, '--notify', 'tee told')).code).toBe(78);
          expect(JSON.parse(readFileSync(join(root, 'told'), 'utf8'))).toMatchObject({ type: 'bootstrap.failed' });
          await bootstrap(...GIVEN, '--dry-run', '--notify', 'tee dry');
          expect(existsSync(join(root, 'dry'))).toBe(false);
        },
        { no_such_field: 1 },
      );
    });

    it('is no shell line, and one that fails or is not there fails no bootstrap', async () => {
      for (const hook of ['false', 'no-such-hook', 'true ; touch obeyed']) {
        await onMachine({}, async ({ root, bootstrap, isAssigned }) => {
          const ended = await bootstrap(...GIVEN, '--notify', hook);
          expect([ended.code, isAssigned(), existsSync(join(root, 'obeyed'))]).toEqual([0, true, false]);
          if (!hook.startsWith('true')) expect(ended.err).toContain('the bootstrap hook failed');
        });
      }
    });
  });
});

describe('signalbox zones', () => {
  it('B5: shows the share of every environment before anybody uses the map', async () => {
    await onMachine({}, async ({ root }) => {
      const zones = (...args: readonly string[]) => runSignalbox(['-c', 'etc/config.yaml', 'zones', ...args], root);
      expect((await zones()).out).toBe(
        [
          'environment  share   zones',
          'prod-1       33.3 %  use1-az4',
          'prod-2       33.3 %  us-east-1a',
          'prod-3       33.3 %  us-central1-a',
          'every zone counts alike; --nodes ZONE=COUNT counts them by their nodes',
          '',
        ].join('\n'),
      );
      const counted = await zones('--nodes', 'use1-az4=10', 'us-east-1a=30', '--json');
      expect(JSON.parse(counted.out)).toEqual([
        { environment: 'prod-1', share: 0.25, nodes: 10, zones: ['use1-az4'] },
        { environment: 'prod-2', share: 0.75, nodes: 30, zones: ['us-east-1a'] },
        { environment: 'prod-3', share: 0, nodes: 0, zones: ['us-central1-a'] },
      ]);
      expect((await zones('--nodes', 'use1-az4=many')).code).toBe(64);
    });
  });

  it.each([[[]], [['--json']]])('B2: counts no nodes in a zone that is not mapped %j', async (options) => {
    await onMachine({}, async ({ root }) => {
      const counted = ['--nodes', 'use1-az4=10', 'nowhere=1', ...options];
      expect(await runSignalbox(['-c', 'etc/config.yaml', 'zones', ...counted], root)).toEqual({
        code: 65,
        out: '',
        err: 'signalbox: zone: expected one of the zone map (us-central1-a, us-east-1a, use1-az4), got nowhere; add nowhere to the map, or leave it out of --nodes\n',
      });
    });
  });

  it('without a map it says what is missing', async () => {
    await onMachine(
      {},
      async ({ root }) => {
        expect((await runSignalbox(['-c', 'etc/config.yaml', 'zones'], root)).code).toBe(78);
      },
      { zones: undefined },
    );
  });
});
