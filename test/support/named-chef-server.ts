/**
 * The Chef Infra Server that the environment names. Its organisation should hold nothing else: each case removes the
 * environments, cookbooks and the data bag that the contract makes there, before and after.
 */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chefInfraServer } from '../../src/adapters/chef-infra-server/index.ts';
import { signedHeaders } from '../../src/adapters/chef-infra-server/sign-request.ts';
import type { ChefServerHarness } from '../../src/adapters/contracts/index.ts';
import { BASALT } from './chef-servers.ts';
import { temporaryDirectory } from './contract.ts';

const VARIABLES = ['SIGNALBOX_TEST_CHEF_SERVER_URL', 'SIGNALBOX_TEST_CHEF_USER', 'SIGNALBOX_TEST_CHEF_KEY'] as const;

/** What the contract makes. */
const ENVIRONMENTS = ['prod-1', 'prod-2'];
const COOKBOOKS = ['apt', 'base-system'];
const DATA_BAG = 'signalbox_artifacts';

/** A server, and who asks it. */
export interface NamedServer {
  /** With the organisation. */
  readonly url: string;
  readonly user: string;
  /** Of a private key, as PEM. */
  readonly keyFile: string | URL;
}

/** Makes harnesses of the contract over a server, one after the other. */
export const harnessOn = ({ url, user, keyFile }: NamedServer): (() => Promise<ChefServerHarness>) => {
  const key = readFileSync(keyFile, 'utf8');
  const signer = { user, key: createPrivateKey(key), protocol: '1.3' } as const;

  const ask = async (method: string, path: string, body = ''): Promise<Response> => {
    const at = new URL(`${url.replace(/\/$/, '')}${path}`);
    const parts = { method, path: at.pathname, body, apiVersion: 1, nowMs: Date.now() };
    const headers = { ...signedHeaders(signer, parts), 'X-Chef-Version': '18.0.0', accept: 'application/json' };
    return fetch(at, {
      method,
      headers: body === '' ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body === '' ? {} : { body }),
    });
  };

  const clear = async (): Promise<void> => {
    for (const environment of ENVIRONMENTS) await ask('DELETE', `/environments/${environment}`);
    await ask('DELETE', `/data/${DATA_BAG}`);
    for (const cookbook of COOKBOOKS) {
      const listed = await ask('GET', `/cookbooks/${cookbook}`);
      if (!listed.ok) continue;
      const { [cookbook]: found } = (await listed.json()) as Record<
        string,
        { readonly versions: readonly { version: string }[] }
      >;
      for (const { version } of found?.versions ?? []) await ask('DELETE', `/cookbooks/${cookbook}/${version}`);
    }
  };

  return async () => {
    const { path: directory, remove } = await temporaryDirectory();
    await clear();
    return {
      server: chefInfraServer(BASALT, { url, user, key, directory }),
      plantEnvironment: async (_name, json) => {
        // What a real server has no room for: a number beyond its floats, and a field of nobody's.
        const planted = json.replace('1e400', '1e300').replace(/,\s*"left_by_another_tool": \["kept"\]/, '');
        const made = await ask('POST', '/environments', planted);
        if (!made.ok) throw new Error(`environment: got status ${made.status}: ${await made.text()}`);
      },
      tearDown: async () => {
        await clear();
        await remove();
      },
    };
  };
};

/** The server that the environment names, or why there is none. */
export const namedChefServer = (): NamedServer | { readonly absent: string } => {
  const [url, user, keyFile] = VARIABLES.map((variable) => process.env[variable]);
  return url === undefined || user === undefined || keyFile === undefined
    ? { absent: `${VARIABLES.join(', ')} are not set` }
    : { url, user, keyFile };
};
