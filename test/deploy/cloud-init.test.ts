/** deploy/cloud-init.yaml: what it writes and runs, on a machine of its own below a directory, beside a metadata service. */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as t from 'io-ts';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeWith } from '../../src/domain/decoding.ts';
import { inTemporaryDirectory } from '../support/contract.ts';
import { startFakeEc2Metadata } from '../support/fake-ec2-metadata.ts';
import { MAIN } from '../support/run-signalbox.ts';
import { whichExecutable } from '../support/which-executable.ts';

const USER_DATA = fileURLToPath(new URL('../../deploy/cloud-init.yaml', import.meta.url));

const UserData = t.type({
  write_files: t.array(t.type({ path: t.string, permissions: t.string, content: t.string })),
  runcmd: t.array(t.union([t.string, t.array(t.string)])),
});

const userData = (): t.TypeOf<typeof UserData> => {
  const decoded = decodeWith(UserData)(parse(readFileSync(USER_DATA, 'utf8')));
  if (E.isLeft(decoded)) throw new Error(JSON.stringify(decoded.left));
  return decoded.right;
};

const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** As cloud-init writes it: a list is one command, its words taken as they are; a text is a line of the shell. */
const scriptOf = (runcmd: readonly (string | readonly string[])[]): string =>
  ['#!/bin/sh', ...runcmd.map((line) => (typeof line === 'string' ? line : line.map(quoted).join(' '))), ''].join('\n');

interface FirstBoot {
  readonly code: unknown;
  readonly stderr: string;
  /** What systemctl was told, and what lay in the machine's files just then. */
  readonly systemctl: string;
  readonly told: string;
  readonly nodeFile: string;
  readonly dropIn: string;
}

const orNothing = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** The first boot of a machine below `root`; `changed` alters what the user data says. */
const boot = async (root: string, zone: string, changed = (script: string): string => script): Promise<FirstBoot> => {
  const metadata = await startFakeEc2Metadata({ 'placement/availability-zone-id': zone });
  const { write_files, runcmd } = userData();
  for (const { path, permissions, content } of write_files) {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
    chmodSync(place, Number.parseInt(permissions, 8));
  }
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const install = (name: string, body: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  };
  install('signalbox', `exec '${process.execPath}' '${MAIN}' "$@"`);
  install('systemctl', `{ echo "$*"; ls '${root}/etc/signalbox' '${root}/etc/chef/client.d'; } >>'${root}/systemctl'`);
  install('logger', `{ echo "$*"; exec cat; } >>'${root}/told'`);
  const script = join(root, 'runcmd');
  writeFileSync(script, changed(scriptOf(runcmd)), { mode: 0o755 });
  try {
    const { code, stderr } = await new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) => {
      const env = {
        PATH: `${bin}:/usr/bin:/bin`,
        SIGNALBOX_CONFIG: join(root, 'etc/signalbox/config.yaml'),
        SIGNALBOX_NODE_FILE: join(root, 'etc/signalbox/node.json'),
        SIGNALBOX_CLIENT_D: join(root, 'etc/chef/client.d'),
        AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.endpoint,
        GCE_METADATA_HOST: metadata.host,
      };
      execFile(script, { env, cwd: root }, (error, _out, err) => {
        resolve({ code: error === null ? 0 : error.code, stderr: err });
      });
    });
    return {
      code,
      stderr,
      systemctl: orNothing(join(root, 'systemctl')),
      told: orNothing(join(root, 'told')),
      nodeFile: orNothing(join(root, 'etc/signalbox/node.json')),
      dropIn: orNothing(join(root, 'etc/chef/client.d/signalbox.rb')),
    };
  } finally {
    await metadata.close();
  }
};

describe('deploy/cloud-init.yaml', () => {
  it.skipIf(whichExecutable('cloud-init') === undefined)(
    'is one that cloud-init finds nothing wrong with (skipped without cloud-init: it brings a dozen packages)',
    () => {
      const said = execFileSync('cloud-init', ['schema', '--config-file', USER_DATA], { encoding: 'utf8' });
      expect(said).toMatch(/^Valid/);
    },
  );

  it('begins with the line by which cloud-init knows it', () => {
    expect(readFileSync(USER_DATA, 'utf8').split('\n')[0]).toBe('#cloud-config');
  });

  it('B4: the machine knows where it belongs, and chef-client and the Summoner are told, before anything is started', () =>
    inTemporaryDirectory(async (root) => {
      const first = await boot(root, 'use1-az4');
      expect(first).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(first.nodeFile)).toEqual({
        stack: 'basalt',
        environment: 'prod-4',
        node: 'i-0abc123def456789a',
      });
      expect(first.dropIn).toContain('environment "prod-4"');
      const [command = '', ...files] = first.systemctl.split('\n');
      expect(command).toBe('enable --now signalbox-summoner.service signalbox-fallback.timer');
      expect(files).toEqual(expect.arrayContaining(['node.json', 'signalbox.rb']));
      expect(first.told).toMatch(/^--tag signalbox-bootstrap\n\{"id":.*"type":"bootstrap\.done".*"zone":"use1-az4"/);
    }));

  it('B2, fault 65: in a zone that is not mapped nothing is written and nothing is started, and somebody is told', () =>
    inTemporaryDirectory(async (root) => {
      const first = await boot(root, 'use1-az9');
      expect(first).toMatchObject({ code: 65, systemctl: '', nodeFile: '', dropIn: '' });
      expect(first.told).toContain('"type":"bootstrap.failed"');
      expect(readdirSync(join(root, 'etc'))).toEqual(['signalbox']);
    }));

  it('control: without its first line a machine that belongs nowhere would be started', () =>
    inTemporaryDirectory(async (root) => {
      const first = await boot(root, 'use1-az9', (script) => script.replace('set -e\n', ''));
      expect(first.systemctl).toContain('enable --now');
    }));
});
