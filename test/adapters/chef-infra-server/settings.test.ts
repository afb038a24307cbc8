import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { chefInfraServer, type ChefInfraServerSettings } from '../../../src/adapters/chef-infra-server/index.ts';
import { EnvironmentName, nameFromLiteral } from '../../../src/domain/names.ts';
import { CHEF_KEY, CHEF_PUBLIC_KEY } from '../../support/chef-keys.ts';
import { BASALT } from '../../support/chef-servers.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { whichExecutable } from '../../support/which-executable.ts';

const GOOD: ChefInfraServerSettings = {
  url: 'https://chef.example.com/organizations/fleet',
  user: 'librarian',
  key: CHEF_KEY,
  directory: '/nowhere',
};

const pemOf = (type: 'short' | 'elliptic' | 'encrypted'): string => {
  const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
  switch (type) {
    case 'short':
      return generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export(pkcs8).toString();
    case 'elliptic':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8).toString();
    case 'encrypted':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'secret' })
        .toString();
  }
};

const bad: readonly (readonly [string, Partial<ChefInfraServerSettings>, RegExp])[] = [
  ['no URL', { url: '' }, /^url: expected https:\/\/host\/organizations\/ORG, got ""$/],
  ['no organisation', { url: 'https://chef.example.com' }, /^url: expected .*\/organizations\/ORG/],
  ['more than an organisation', { url: `${GOOD.url}/environments` }, /^url: /],
  ['a query', { url: `${GOOD.url}?a=b` }, /^url: /],
  ['another protocol', { url: 'ftp://chef.example.com/organizations/fleet' }, /^url: /],
  ['no TLS', { url: 'http://chef.example.com/organizations/fleet' }, /^url: expected https, got http:\/\/chef/],
  [
    'a password',
    { url: 'https://me:secret@chef.example.com/organizations/fleet' },
    /^url: .*got one with a user in it$/,
  ],
  [
    'a password, and no organisation',
    { url: 'https://me:secret@chef.example.com/' },
    /^url: .*got one with a user in it$/,
  ],
  ['no user', { user: '' }, /^user: expected the name of a user or client, .*got ""$/],
  ['a user that ends a line', { user: 'me\r\nX-Ops-Userid: you' }, /^user: /],
  [
    'no key',
    { key: '' },
    /^key: expected an RSA private key of at least 2048 bits as PEM, not encrypted, got something else$/,
  ],
  ['a public key', { key: CHEF_PUBLIC_KEY }, /^key: /],
  ['an encrypted key', { key: pemOf('encrypted') }, /^key: .*not encrypted/],
  ['a short key', { key: pemOf('short') }, /^key: expected .* as PEM, got rsa of 1024 bits$/],
  ['a key of another kind', { key: pemOf('elliptic') }, /^key: expected .* as PEM, got ec of 0 bits$/],
  ['certificates that are none', { ca: CHEF_KEY }, /^ca: expected certificates as PEM, got something else$/],
  ['no time', { deadlineMs: 0 }, /^deadlineMs: expected .*, 1 to 600000, got 0$/],
  ['time without end', { deadlineMs: Infinity }, /^deadlineMs: /],
  ['a pause before now', { pauseMs: -1 }, /^pauseMs: expected .*, 0 to 600000, got -1$/],
];

describe('settings', () => {
  test.each(bad)('with %s are refused by name, and no secret is repeated', (_what, settings, words) => {
    expect(() => chefInfraServer(BASALT, { ...GOOD, ...settings })).toThrow(words);
    expect(() => chefInfraServer(BASALT, { ...GOOD, ...settings })).not.toThrow(/secret|BEGIN/);
  });

  test.each([
    GOOD.url,
    `${GOOD.url}/`,
    'https://chef.example.com:8443/organizations/a-1_b',
    'http://127.0.0.1:8889/organizations/fleet',
    'http://localhost/organizations/fleet',
    'http://[::1]:8889/organizations/fleet',
  ])('with the URL %s are taken', (url) => {
    expect(chefInfraServer(BASALT, { ...GOOD, url }).stack).toBe(BASALT);
  });
});

describe('TLS', () => {
  test('believes certificates that are named, and no others', async (context) => {
    const openssl = whichExecutable('openssl');
    if (openssl === undefined) return context.skip('openssl is not installed');
    await inTemporaryDirectory(async (directory) => {
      const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
      const files = ['-keyout', keyFile, '-out', certFile];
      await promisify(execFile)(openssl, [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        ...subject,
        ...files,
      ]);
      const [key, cert] = [await readFile(keyFile, 'utf8'), await readFile(certFile, 'utf8')];
      const server = createServer({ key, cert }, (_request, response) => {
        response.writeHead(404, { 'content-type': 'application/json' });
        response.end('{"error": ["Cannot load environment prod-1"]}');
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const asked = (settings: Partial<ChefInfraServerSettings>, host = 'localhost') =>
        chefInfraServer(BASALT, {
          ...GOOD,
          url: `https://${host}:${port}/organizations/fleet`,
          ...settings,
        }).environment(nameFromLiteral(EnvironmentName)('prod-1'));
      expect(await asked({ ca: cert })).toEqual({ _tag: 'Missing' });
      expect(await asked({})).toMatchObject({
        _tag: 'Unavailable',
        detail: expect.stringMatching(/self-signed certificate.*; name its certificate as `ca`$/) as string,
      });
      expect(await asked({ ca: cert }, '127.0.0.1')).toMatchObject({
        _tag: 'Unavailable',
        detail: expect.stringMatching(/ask it by the name in its certificate$/) as string,
      });
      server.closeAllConnections();
      server.close();
    });
  });
});
