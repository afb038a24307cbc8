/** Application default credentials, as Google's libraries find them: in a file that the environment names, above all. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Storage } from '@google-cloud/storage';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type GcsSettings, gcsSignalBus, gcsStateStore } from '../../../src/adapters/gcs/index.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../../src/domain/names.ts';
import { temporaryDirectory } from '../../support/contract.ts';

const KEY = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
};
const BUCKET = 'example-signals';
const AUDIENCE = '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/fleet/providers/cluster';
const SUBJECT_TOKEN = 'token-of-the-workload';
const SECRETS = [SUBJECT_TOKEN, 'federated-token', 'token-of-the-account', 'private-part'];

interface Order {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The services that give out tokens: the exchange, and the service account that its tokens may act as. */
let orders: Order[];
let answers: Readonly<Record<string, Answer>>;
let server: Server;
let tokens: string;
let home: { readonly path: string; readonly remove: () => Promise<void> };

const EXCHANGE = '/v1/token';
const IMPERSONATION = '/v1/projects/-/serviceAccounts/node@example.iam.gserviceaccount.com:generateAccessToken';
const FEDERATED: Answer = {
  status: 200,
  body: { access_token: 'federated-token', issued_token_type: 'access', token_type: 'Bearer', expires_in: 3_600 },
};

beforeEach(async () => {
  orders = [];
  answers = {
    [EXCHANGE]: FEDERATED,
    [IMPERSONATION]: {
      status: 200,
      body: { accessToken: 'token-of-the-account', expireTime: new Date(Date.now() + 3_600_000).toISOString() },
    },
  };
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const path = request.url ?? '';
      orders.push({ path, headers: request.headers, body });
      const { status, body: said } = answers[path] ?? { status: 404, body: {} };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  tokens = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  home = await temporaryDirectory();
  vi.stubEnv('HOME', home.path);
  vi.stubEnv('GOOGLE_CLOUD_PROJECT', 'example');
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', join(home.path, 'credentials.json'));
  await writeFile(join(home.path, 'subject'), SUBJECT_TOKEN);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await home.remove();
});

/** Configures workload identity federation, as `gcloud iam workload-identity-pools create-cred-config` writes it. */
const withFederation = async (more: Readonly<Record<string, unknown>> = {}): Promise<void> => {
  const file = {
    type: 'external_account',
    audience: AUDIENCE,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${tokens}${EXCHANGE}`,
    credential_source: { file: join(home.path, 'subject') },
    ...more,
  };
  await writeFile(join(home.path, 'credentials.json'), JSON.stringify(file));
};

interface AtGoogle {
  readonly settings: GcsSettings;
  /** Who asked, request by request. */
  readonly authorizations: (string | null)[];
}

/** The default credentials, with what goes to Google answered here: there is no object. */
const atGoogle = async (): Promise<AtGoogle> => {
  const { authClient } = new Storage();
  const authorizations: (string | null)[] = [];
  const client = await authClient.getClient();
  client.transporter.defaults.fetchImplementation = async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (url.startsWith(tokens)) return fetch(input, init);
    authorizations.push(new Headers(init?.headers).get('authorization'));
    return new Response('No such object', { status: 404 });
  };
  return { settings: { bucket: BUCKET, authClient }, authorizations };
};

const expectNoSecret = (told: unknown): void => {
  for (const secret of SECRETS) expect(JSON.stringify(told)).not.toContain(secret);
};

describe('workload identity federation', () => {
  test("exchanges the workload's token once, and asks Google with what it got", async () => {
    await withFederation();
    const { settings, authorizations } = await atGoogle();
    const bus = gcsSignalBus(settings);
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(await bus.read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(authorizations).toEqual(['Bearer federated-token', 'Bearer federated-token']);
    expect(orders.map(({ path }) => path)).toEqual([EXCHANGE]);
    expect(Object.fromEntries(new URLSearchParams(orders[0]?.body))).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience: AUDIENCE,
      subject_token: SUBJECT_TOKEN,
    });
  });

  test('acts as a service account where the file names one', async () => {
    await withFederation({ service_account_impersonation_url: `${tokens}${IMPERSONATION}` });
    const { settings, authorizations } = await atGoogle();
    expect(await gcsSignalBus(settings).read(KEY, undefined)).toEqual({ _tag: 'Missing' });
    expect(authorizations).toEqual(['Bearer token-of-the-account']);
    expect(orders.map(({ path }) => path)).toEqual([EXCHANGE, IMPERSONATION]);
    expect(orders[1]?.headers.authorization).toBe('Bearer federated-token');
  });

  test.each<[string, string, Answer]>([
    [
      'an expired token',
      EXCHANGE,
      { status: 400, body: { error: 'invalid_grant', error_description: 'Token is stale' } },
    ],
    [
      'a foreign issuer',
      EXCHANGE,
      { status: 401, body: { error: 'invalid_client', error_description: 'No such pool' } },
    ],
    [
      'an account that it may not act as',
      IMPERSONATION,
      {
        status: 403,
        body: { error: { code: 403, message: "Permission 'iam.serviceAccounts.getAccessToken' denied" } },
      },
    ],
  ])('fault 2: %s is Denied, and says the way out', async (_what, path, answer) => {
    answers = { ...answers, [path]: answer };
    await withFederation({ service_account_impersonation_url: `${tokens}${IMPERSONATION}` });
    const { settings, authorizations } = await atGoogle();
    const reading = await gcsSignalBus(settings).read(KEY, undefined);
    expect(reading).toMatchObject({
      _tag: 'Denied',
      detail: expect.stringMatching(
        /(stale|No such pool|getAccessToken' denied); renew the credentials, and let/,
      ) as string,
    });
    expect(await gcsSignalBus(settings).write(KEY, '{}', undefined)).toMatchObject({ _tag: 'Unknown' });
    expect(await gcsStateStore(settings).read('control.json')).toMatchObject({ _tag: 'Unavailable' });
    expect(authorizations).toEqual([]);
    expectNoSecret(reading);
  });

  test('fault 5: a workload without a token is Unavailable, and says whose file is missing', async () => {
    await withFederation({ credential_source: { file: join(home.path, 'nowhere') } });
    const { settings } = await atGoogle();
    expect(await gcsSignalBus(settings).read(KEY, undefined)).toMatchObject({
      _tag: 'Unavailable',
      detail: expect.stringMatching(/nowhere does not exist.*; look for what writes that file/) as string,
    });
  });

  test('fault 4: a token service that is down is Unavailable', async () => {
    answers = { [EXCHANGE]: { status: 501, body: { error: 'down', error_description: 'later' } } };
    await withFederation();
    const { settings } = await atGoogle();
    expect(await gcsSignalBus(settings).read(KEY, undefined)).toMatchObject({ _tag: 'Unavailable' });
  });
});

describe('no credentials that can be used are Unavailable, and say the way out', () => {
  test.each<[string, () => Promise<void>, RegExp]>([
    [
      'none at all',
      async () => {
        vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
      },
      /Could not load the default credentials.*; give this process application default credentials: GOOGLE_APP/,
    ],
    [
      'a file that is not there',
      async () => undefined,
      /GOOGLE_APPLICATION_CREDENTIALS.*; correct that variable, or the file/,
    ],
    [
      'a file that was cut off in the middle of a key',
      () => writeFile(join(home.path, 'credentials.json'), '{"type":"service_account","private_key":"private-part'),
      /expected JSON; correct that variable, or the file/,
    ],
    [
      'a file that is a key and nothing else',
      () => writeFile(join(home.path, 'credentials.json'), 'private-part'),
      /expected JSON; correct that variable, or the file/,
    ],
  ])('%s', async (_what, arrange, wayOut) => {
    await arrange();
    const reading = await gcsSignalBus({ bucket: BUCKET }).read(KEY, undefined);
    expect(reading).toMatchObject({ _tag: 'Unavailable', detail: expect.stringMatching(wayOut) as string });
    expectNoSecret(reading);
  });
});
