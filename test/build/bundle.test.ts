/** The executable as it is published: bundled, and run where nothing else is installed. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, describe } from 'vitest';
import { mustRun, ROOT } from '../gates/tool.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-bundle-'));
  writeFileSync(join(folder, 'package.json'), readFileSync(join(ROOT, 'package.json')));
  await mustRun('node', ['build/bundle.ts', join(folder, 'dist/bin')]);
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A server on this machine, for one test. */
const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  open.push(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** A bucket without a signal, and the access key of the first who asks. */
const emptyBucket = async (): Promise<{ readonly endpoint: string; readonly asked: Promise<string | undefined> }> => {
  let resolve: (key: string | undefined) => void;
  const asked = new Promise<string | undefined>((settle) => (resolve = settle));
  const endpoint = await serve((request, response) => {
    resolve(/Credential=(\w+)\//.exec(request.headers.authorization ?? '')?.[1]);
    response.writeHead(404, { 'Content-Type': 'application/xml' });
    response.end('<Error><Code>NoSuchKey</Code><Message>There is no such key.</Message></Error>');
  });
  return { endpoint, asked };
};

interface Running {
  readonly stop: () => void;
  /** All that it said until its end. */
  readonly ended: Promise<string>;
}

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Running => {
  const child = spawn(process.execPath, [join(folder, 'dist/bin/signalbox.js'), ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
  });
  open.push(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close').then(() => said);
  return { stop: () => child.kill(), ended };
};

/** A node of its own, with this bus. */
const configure = (bus: readonly string[]): void => {
  const lines = [
    ...bus,
    'node: web-17',
    'stack: basalt',
    'environment: dev',
    `node_state: ${mkdtempSync(join(folder, 'node-'))}`,
    'command: ["true"]',
    'catch_up_splay: 0',
    ...['poll_soon', 'poll_every', 'poll_idle'].map((field) => `${field}: 1s`),
  ];
  writeFileSync(join(folder, 'config.yaml'), `${lines.join('\n')}\n`);
};

it('answers for itself', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
  expect(await start(['--version']).ended).toBe(`${version}\n`);
});

it('looks at a bus of files', async () => {
  mkdirSync(join(folder, 'bus'), { recursive: true });
  configure(['bus: bus']);
  const { ended } = start(['--config', 'config.yaml', 'summoner', '--once', '--dry-run', '--json']);
  expect(JSON.parse(await ended)).toMatchObject({ action: 'Start', reason: 'FirstRun' });
});

it('holds the notices of all that it holds, and nothing that a Summoner does not use', () => {
  const notices = readFileSync(join(folder, 'dist/bin/NOTICES.txt'), 'utf8');
  for (const name of ['@aws-sdk/client-s3', '@smithy/core', 'commander', 'fp-ts', 'io-ts', 'yaml']) {
    expect(notices).toMatch(new RegExp(`^${name} [\\d.]+ \\(.+\\)$`, 'm'));
  }
  for (const name of ['fastify', 'tar', 'jose', 'prom-client']) expect(notices).not.toContain(`\n${name} `);
  const text = readdirSync(join(folder, 'dist/bin')).map((file) =>
    readFileSync(join(folder, 'dist/bin', file), 'utf8'),
  );
  expect(text.join('\n')).not.toContain('DeleteBucketReplication');
});

describe('finds credentials where the SDK does:', () => {
  const CREDENTIALS = {
    AccessKeyId: 'FETCHED',
    SecretAccessKey: 'secret',
    Token: 'token',
    Expiration: '2099-01-01T00:00:00Z',
    Code: 'Success',
  };

  /** The access key with which a Summoner in this environment asks a bucket; what it said, if it ends before. */
  const keyIn = async (env: Readonly<Record<string, string>>): Promise<string | undefined> => {
    const { endpoint, asked } = await emptyBucket();
    configure(['bus: s3://signals', `s3_endpoint: ${endpoint}`, 's3_path_style: true', 's3_region: eu-west-1']);
    const { stop, ended } = start(['--config', 'config.yaml', 'summoner'], env);
    const key = await Promise.race([asked, ended]);
    stop();
    await ended;
    return key;
  };

  it('the environment', async () => {
    expect(await keyIn({ AWS_ACCESS_KEY_ID: 'GIVEN', AWS_SECRET_ACCESS_KEY: 'secret' })).toBe('GIVEN');
  });

  it('a profile, and a process that it names', async () => {
    const process = `printf '{"Version":1,"AccessKeyId":"PROCESS","SecretAccessKey":"secret"}'`;
    mkdirSync(join(folder, '.aws'), { recursive: true });
    writeFileSync(
      join(folder, '.aws/credentials'),
      `[fixed]\naws_access_key_id = PROFILE\naws_secret_access_key = secret\n[asked]\ncredential_process = ${process}\n`,
    );
    expect(await keyIn({ AWS_PROFILE: 'fixed' })).toBe('PROFILE');
    expect(await keyIn({ AWS_PROFILE: 'asked' })).toBe('PROCESS');
  });

  it("the container's", async () => {
    const container = await serve((_request, response) => response.end(JSON.stringify(CREDENTIALS)));
    expect(await keyIn({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container}/role` })).toBe('FETCHED');
  });

  it("the machine's", async () => {
    const machine = await serve(({ url }, response) => {
      const role = '/latest/meta-data/iam/security-credentials/';
      if (url === role) response.end('node');
      else response.end(url === `${role}node` ? JSON.stringify(CREDENTIALS) : 'token');
    });
    expect(await keyIn({ AWS_EC2_METADATA_SERVICE_ENDPOINT: machine })).toBe('FETCHED');
  });

  it('a web identity token', async () => {
    const sts = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/xml' });
      response.end(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASSUMED</AccessKeyId>
        <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
        <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
        </AssumeRoleWithWebIdentityResponse>`);
    });
    writeFileSync(join(folder, 'token'), 'header.payload.signature');
    const env = {
      AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/node',
      AWS_ENDPOINT_URL_STS: sts,
      AWS_REGION: 'eu-west-1',
    };
    expect(await keyIn(env)).toBe('ASSUMED');
  });
});
