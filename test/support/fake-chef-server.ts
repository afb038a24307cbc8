/**
 * As much of a Chef Infra Server as Signalbox speaks with, on loopback, as its source has it: it verifies signatures,
 * content hashes and the clock, knows users and permissions, and keeps sandboxes, files, cookbooks, environments and data
 * bags. It counts what it is asked, and misbehaves on demand.
 *
 * The signature is checked by code of its own, not by the adapter's.
 */
import { constants, createHash, publicDecrypt, randomUUID, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseExactJson } from '../../src/adapters/text-body/index.ts';

/** What the server saw of one request. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What the server would answer. */
export interface FakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One request, in the hands of who interferes. */
export interface Exchange {
  readonly seen: SeenRequest;
  readonly response: ServerResponse;
  /** Does what was asked, and does not tell. */
  readonly perform: () => FakeAnswer;
  /** Tells. */
  readonly send: (answer: FakeAnswer) => void;
}

/** Answers in the server's stead. */
export type Interference = (exchange: Exchange) => void;

/** Who may ask. */
export interface FakeUser {
  /** PEM. */
  readonly publicKey: string;
  /** Refused whatever changes something, with 403. */
  readonly mayOnlyRead?: boolean;
}

/** What may be chosen of the server. */
export interface FakeChefOptions {
  readonly users: Readonly<Record<string, FakeUser>>;
  /** The newest version of the API that it knows; 2 by default. */
  readonly apiVersionMax?: number;
  /** How far its clock is ahead of this machine's. */
  readonly aheadMs?: number;
}

/** A running server, with one empty organisation. */
export interface FakeChef {
  /** Of the organisation: `http://127.0.0.1:<port>/organizations/fleet` */
  readonly url: string;
  /** Every request so far, the first one first. */
  readonly requests: SeenRequest[];
  /** The most requests that were under way at once. */
  readonly mostAtOnce: () => number;
  /** Answers every later request in the server's stead; without an argument, the server answers again. */
  readonly interfere: (act?: Interference) => void;
  /** Puts an environment there, as if by `knife`. */
  readonly plantEnvironment: (name: string, json: string) => void;
  /** The JSON text of an environment. */
  readonly environmentText: (name: string) => string | undefined;
  /** A cookbook's document. */
  readonly cookbook: (name: string, version: string) => Readonly<Record<string, unknown>> | undefined;
  readonly plantCookbook: (name: string, version: string, document: object) => void;
  readonly removeCookbook: (name: string, version: string) => void;
  /** Data bag items by bag and id. */
  readonly dataBags: ReadonlyMap<string, Map<string, string>>;
  /** The files, by MD5. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly close: () => Promise<void>;
}

const ORGANIZATION = 'fleet';

const SKEW_SECONDS_MAX = 900;

const json = (status: number, value: unknown): FakeAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

/** An error as the server words it. */
export const chefError = (status: number, ...messages: readonly unknown[]): FakeAnswer =>
  json(status, { error: messages });

/** A page that somebody else answers with. */
export const htmlPage = (status: number): FakeAnswer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html><title>please log in</title></html>',
});

/** What a server may do wrong for long, by name. */
export const CHEF_FAULTS = {
  down: ({ response }) => void response.destroy(),
  slow: () => undefined,
  dripping: ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const dripping = setInterval(() => response.write(' '), 5);
    response.once('close', () => clearInterval(dripping));
  },
  'half an answer': ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
    response.write('{"name": "prod-1"', () => response.destroy());
  },
  'not JSON': ({ send }) => send({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"name": ' }),
  'JSON of something else': ({ send }) => send(json(200, [1, 2, 3])),
  HTML: ({ send }) => send(htmlPage(200)),
  'HTML 404': ({ send }) => send(htmlPage(404)),
  redirecting: ({ send }) =>
    send({ status: 302, headers: { location: 'https://login.example.com/?next=chef' }, body: '' }),
  500: ({ send }) => send(chefError(500, 'internal service error')),
  502: ({ send }) => send(htmlPage(502)),
  'without the organisation': ({ send }) => send(chefError(404, "organization 'fleet' does not exist.")),
} satisfies Readonly<Record<string, Interference>>;

/** Answers every PUT and POST as if it had been done, and does nothing. */
export const lying: Interference = ({ seen, perform, send }) =>
  send(seen.method === 'GET' || seen.url.includes('/sandboxes') ? perform() : json(200, {}));

const digest = (algorithm: string, text: string | Buffer): string =>
  createHash(algorithm).update(text).digest('base64');

const header = ({ headers }: SeenRequest, name: string): string => {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
};

const signatureOf = (seen: SeenRequest): Buffer => {
  const lines: string[] = [];
  for (let i = 1; header(seen, `x-ops-authorization-${i}`) !== ''; i++)
    lines.push(header(seen, `x-ops-authorization-${i}`));
  if (lines.some((line) => line.length > 60)) throw new Error('a line of the signature is longer than 60');
  return Buffer.from(lines.join(''), 'base64');
};

const isSigned = (seen: SeenRequest, publicKey: string): boolean => {
  const path =
    seen.url
      .split('?')[0]
      ?.replace(/\/+/g, '/')
      .replace(/(.)\/$/, '$1') ?? '';
  const [method, user] = [seen.method.toUpperCase(), header(seen, 'x-ops-userid')];
  const [timestamp, contentHash] = [header(seen, 'x-ops-timestamp'), header(seen, 'x-ops-content-hash')];
  switch (header(seen, 'x-ops-sign')) {
    case 'algorithm=sha256;version=1.3;': {
      const text = `Method:${method}\nPath:${path}\nX-Ops-Content-Hash:${contentHash}\nX-Ops-Sign:version=1.3\nX-Ops-Timestamp:${timestamp}\nX-Ops-UserId:${user}\nX-Ops-Server-API-Version:${header(seen, 'x-ops-server-api-version')}`;
      return (
        contentHash === digest('sha256', seen.body) && verify('sha256', Buffer.from(text), publicKey, signatureOf(seen))
      );
    }
    case 'algorithm=sha1;version=1.1;': {
      const text = `Method:${method}\nHashed Path:${digest('sha1', path)}\nX-Ops-Content-Hash:${contentHash}\nX-Ops-Timestamp:${timestamp}\nX-Ops-UserId:${digest('sha1', user)}`;
      const decrypted = publicDecrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, signatureOf(seen));
      return contentHash === digest('sha1', seen.body) && decrypted.toString() === text;
    }
    default:
      return false;
  }
};

const refusalOf = (seen: SeenRequest, { users, aheadMs = 0 }: FakeChefOptions): FakeAnswer | undefined => {
  const user = header(seen, 'x-ops-userid');
  const known = Object.hasOwn(users, user) ? users[user] : undefined;
  const failed = (what: string): FakeAnswer => chefError(401, `Failed to authenticate as '${user}'. ${what}`);
  if (known === undefined) return failed('Ensure that your node_name and client key are correct.');
  const offSeconds = Math.abs(Date.now() + aheadMs - Date.parse(header(seen, 'x-ops-timestamp'))) / 1000;
  if (!(offSeconds <= SKEW_SECONDS_MAX)) return failed('Synchronize the clock on your host.');
  let signed = false;
  try {
    signed = isSigned(seen, known.publicKey);
  } catch {
    // Half a signature is none.
  }
  if (!signed) return failed('Ensure that your node_name and client key are correct.');
  const isRead = seen.method === 'GET' || seen.url.endsWith('/cookbook_versions');
  return known.mayOnlyRead === true && !isRead ? chefError(403, 'missing create permission') : undefined;
};

type Numbers = readonly [number, number, number];

const numbersOf = (version: string): Numbers => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return [major, minor, patch];
};

const compare = (a: string, b: string): number => {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
};

/** Whether a version meets a constraint such as `~> 1.2`. */
const meets = (version: string, constraint: string): boolean => {
  const [, operator = '=', bound = '0'] = /^(?:([<>=~]+) )?(.*)$/.exec(constraint) ?? [];
  const order = compare(version, bound);
  const [major, minor] = numbersOf(bound);
  const pessimistic = bound.split('.').length > 2 ? `${major}.${minor + 1}` : `${major + 1}.0`;
  const answers: Readonly<Record<string, boolean>> = {
    '=': order === 0,
    '>': order > 0,
    '<': order < 0,
    '>=': order >= 0,
    '<=': order <= 0,
    '~>': order >= 0 && compare(version, pessimistic) < 0,
  };
  return answers[operator] ?? false;
};

interface Wanted {
  readonly name: string;
  readonly constraint: string;
}

type Cookbooks = Map<string, Map<string, Readonly<Record<string, unknown>>>>;

const dependenciesOf = (document: Readonly<Record<string, unknown>> | undefined): readonly Wanted[] => {
  const { dependencies = {} } = (document?.['metadata'] ?? {}) as { readonly dependencies?: Record<string, string> };
  return Object.entries(dependencies).map(([name, constraint]) => ({ name, constraint }));
};

/** The first solution, newest versions first, or the name of a cookbook for which there is none. */
const solve = (
  cookbooks: Cookbooks,
  wanted: readonly Wanted[],
  chosen: ReadonlyMap<string, string>,
): Map<string, string> | string => {
  const open = wanted.find(({ name }) => !chosen.has(name));
  if (open === undefined) {
    const broken = wanted.find(({ name, constraint }) => !meets(chosen.get(name) ?? '', constraint));
    return broken === undefined ? new Map(chosen) : broken.name;
  }
  for (const [version, document] of [...(cookbooks.get(open.name) ?? [])].sort(([a], [b]) => compare(b, a))) {
    if (!meets(version, open.constraint)) continue;
    const solution = solve(
      cookbooks,
      [...wanted, ...dependenciesOf(document)],
      new Map(chosen).set(open.name, version),
    );
    if (typeof solution !== 'string') return solution;
  }
  return open.name;
};

const ENVIRONMENT_DEFAULTS = {
  description: '',
  json_class: 'Chef::Environment',
  chef_type: 'environment',
  default_attributes: {},
  override_attributes: {},
  cookbook_versions: {},
};

const SEGMENTS = 'attributes definitions files libraries providers recipes resources root_files templates'.split(' ');

const COOKBOOK_KEYS = ['name', 'cookbook_name', 'version', 'chef_type', 'json_class', 'frozen?', 'metadata'];

/** Everything that the server keeps, and what it makes of a request that it believes. */
const organization = (apiVersionMax: number, origin: () => string) => {
  const sandboxes = new Map<string, readonly string[]>();
  const files = new Map<string, Buffer>();
  const committed = new Set<string>();
  const cookbooks: Cookbooks = new Map();
  const environments = new Map([['_default', JSON.stringify({ name: '_default', ...ENVIRONMENT_DEFAULTS })]]);
  const dataBags = new Map<string, Map<string, string>>();

  const onSandboxes = (method: string, id: string | undefined, body: Record<string, unknown>): FakeAnswer => {
    if (method === 'POST' && id === undefined) {
      const checksums = Object.keys(body['checksums'] as object);
      const sandbox = randomUUID().replaceAll('-', '');
      sandboxes.set(sandbox, checksums);
      const places = checksums.map((md5): readonly [string, object] => [
        md5,
        committed.has(md5)
          ? { needs_upload: false }
          : {
              needs_upload: true,
              url: `${origin()}/bookshelf/${sandbox}/checksum-${md5}?Signature=secret&Expires=900`,
            },
      ]);
      // The address of the server is not always the one that it was asked by.
      const uri = `https://chef.example.com/organizations/${ORGANIZATION}/sandboxes/${sandbox}`;
      return json(201, { sandbox_id: sandbox, uri, checksums: Object.fromEntries(places) });
    }
    const wanted = sandboxes.get(id ?? '');
    if (wanted === undefined) return chefError(404, `No such sandbox '${id ?? ''}'.`);
    const missing = wanted.filter((md5) => !committed.has(md5) && !files.has(md5));
    if (missing.length > 0)
      return chefError(
        400,
        `Cannot update sandbox ${id ?? ''}: the following checksums have not been uploaded: ${missing.join(', ')}`,
      );
    for (const md5 of wanted) committed.add(md5);
    sandboxes.delete(id ?? '');
    return json(200, { guid: id, name: id, checksums: wanted, is_completed: true });
  };

  const filesOf = (document: Record<string, unknown>): readonly Record<string, string>[] =>
    ['all_files', ...SEGMENTS].flatMap((segment) => (document[segment] ?? []) as readonly Record<string, string>[]);

  const faultOfCookbook = (
    name: string,
    version: string,
    document: Record<string, unknown>,
    api: number,
  ): string | undefined => {
    const allowed = [...COOKBOOK_KEYS, ...(api >= 2 ? ['all_files'] : SEGMENTS)];
    const strange = Object.keys(document).find((key) => !allowed.includes(key));
    if (strange !== undefined) return `Invalid key ${strange} in request body`;
    const metadata = document['metadata'] as Record<string, unknown>;
    if (document['name'] !== `${name}-${version}`) return "Field 'name' invalid";
    if (document['version'] !== version || metadata['version'] !== version) return "Field 'metadata.version' invalid";
    const fields = ['name', 'path', 'checksum', 'specificity'];
    if (filesOf(document).some((file) => Object.keys(file).sort().join() !== [...fields].sort().join()))
      return 'Invalid file';
    const absent = filesOf(document).find(({ checksum = '' }) => !committed.has(checksum));
    return absent === undefined ? undefined : `Manifest has a checksum that hasn't been uploaded.`;
  };

  const onCookbooks = (
    method: string,
    name: string,
    version: string,
    body: Record<string, unknown>,
    api: number,
  ): FakeAnswer => {
    const there = cookbooks.get(name)?.get(version);
    if (method === 'GET') {
      return there === undefined
        ? chefError(404, `Cannot find a cookbook named ${name} with version ${version}`)
        : json(200, there);
    }
    const fault = faultOfCookbook(name, version, body, api);
    if (fault !== undefined) return chefError(400, fault);
    if (there?.['frozen?'] === true) {
      return chefError(
        409,
        `The cookbook ${name} at version ${version} is frozen. Use the 'force' option to override.`,
      );
    }
    const versions = cookbooks.get(name) ?? new Map<string, Readonly<Record<string, unknown>>>();
    cookbooks.set(name, versions.set(version, body));
    return json(there === undefined ? 201 : 200, body);
  };

  const onSolver = (environment: string, body: Record<string, unknown>): FakeAnswer => {
    const text = environments.get(environment);
    if (text === undefined) return chefError(404, `environment '${environment}' not found`);
    const { cookbook_versions: constraints } = JSON.parse(text) as {
      readonly cookbook_versions: Record<string, string>;
    };
    const wanted = (body['run_list'] as readonly string[]).map((item): Wanted => {
      const [recipe = '', version] = item.split('@');
      return { name: recipe.split('::')[0] ?? '', constraint: version === undefined ? '>= 0.0.0' : `= ${version}` };
    });
    const absent = wanted.find(({ name }) => !cookbooks.has(name));
    if (absent !== undefined) {
      return chefError(412, { message: `Run list contains invalid items: no such cookbook ${absent.name}.` });
    }
    const allowed = new Map(
      [...cookbooks].map(([name, versions]) => [
        name,
        new Map([...versions].filter(([version]) => meets(version, constraints[name] ?? '>= 0.0.0'))),
      ]),
    );
    const solution = solve(allowed, wanted, new Map());
    return typeof solution === 'string'
      ? chefError(412, { message: `Unable to satisfy constraints on cookbook ${solution}.` })
      : json(
          200,
          Object.fromEntries([...solution].map(([name, version]) => [name, cookbooks.get(name)?.get(version)])),
        );
  };

  const onEnvironments = (method: string, name: string | undefined, text: string): FakeAnswer => {
    const there = name === undefined ? undefined : environments.get(name);
    if (method === 'GET') {
      return there === undefined
        ? chefError(404, `Cannot load environment ${name ?? ''}`)
        : { ...json(200, {}), body: there };
    }
    const given = parseExactJson(text) as Record<string, unknown>;
    const stored = { name: given['name'], ...ENVIRONMENT_DEFAULTS, ...given };
    const known = ['name', ...Object.keys(ENVIRONMENT_DEFAULTS)];
    const strange = Object.keys(given).find((key) => !known.includes(key));
    if (strange !== undefined) return chefError(400, `Invalid key ${strange} in request body`);
    const named = String(given['name']);
    if (method === 'POST') {
      if (environments.has(named)) return chefError(409, 'Environment already exists');
      environments.set(named, JSON.stringify(stored));
      return json(201, { uri: `${origin()}/environments/${named}` });
    }
    if (there === undefined) return chefError(404, `Cannot load environment ${name ?? ''}`);
    if (name === '_default') return chefError(405, "The '_default' environment cannot be modified.");
    environments.set(named, JSON.stringify(stored));
    return { ...json(200, {}), body: JSON.stringify(stored) };
  };

  const onData = (
    method: string,
    bag: string | undefined,
    id: string | undefined,
    body: Record<string, unknown>,
    text: string,
  ): FakeAnswer => {
    if (bag === undefined) {
      const name = String(body['name']);
      if (dataBags.has(name)) return chefError(409, 'Data bag already exists');
      dataBags.set(name, new Map());
      return json(201, { uri: `${origin()}/data/${name}` });
    }
    const items = dataBags.get(bag);
    if (items === undefined) return chefError(404, `Cannot load data bag ${bag}`);
    if (method === 'GET' && id === undefined) {
      return json(200, Object.fromEntries([...items.keys()].map((item) => [item, `${origin()}/data/${bag}/${item}`])));
    }
    if (method === 'GET') {
      const item = items.get(id ?? '');
      return item === undefined
        ? chefError(404, `Cannot load data bag item ${id ?? ''} for data bag ${bag}`)
        : { ...json(200, {}), body: item };
    }
    const item = String(body['id']);
    if (!/^[.\w:-]+$/.test(item)) return chefError(400, "Field 'id' invalid");
    if (items.has(item)) return chefError(409, `Data bag item '${item}' already exists in data bag '${bag}'.`);
    items.set(item, text);
    return json(201, body);
  };

  const onVersions = (name: string): FakeAnswer => {
    const versions = [...(cookbooks.get(name)?.keys() ?? [])].map((version) => ({ version }));
    return versions.length === 0
      ? chefError(404, `Cannot find a cookbook named ${name}`)
      : json(200, { [name]: { versions } });
  };

  const onDelete = (kind: string | undefined, name: string, version = ''): FakeAnswer => {
    const isGone = { environments, data: dataBags, cookbooks: cookbooks.get(name) }[kind ?? '']?.delete(
      kind === 'cookbooks' ? version : name,
    );
    return isGone === true ? json(200, {}) : chefError(404, `Cannot load ${name}`);
  };

  const putFile = (seen: SeenRequest): FakeAnswer => {
    const [, md5 = ''] = /checksum-([0-9a-f]{32})\?Signature=secret/.exec(seen.url) ?? [];
    const actual = createHash('md5').update(seen.body).digest();
    if (header(seen, 'content-md5') !== actual.toString('base64') || md5 !== actual.toString('hex')) {
      return { status: 400, headers: {}, body: 'BadDigest' };
    }
    files.set(md5, seen.body);
    return { status: 200, headers: {}, body: '' };
  };

  return {
    files,
    cookbooks,
    environments,
    dataBags,
    putFile,
    answer: (seen: SeenRequest): FakeAnswer => {
      const api = header(seen, 'x-ops-server-api-version');
      if (!/^\d+$/.test(api) || Number(api) > apiVersionMax) {
        return json(406, {
          error: 'invalid-x-ops-server-api-version',
          message: `Specified version ${api} not supported`,
          min_version: 0,
          max_version: apiVersionMax,
        });
      }
      const [, , organizationName, kind, ...names] = seen.url.split('/');
      if (organizationName !== ORGANIZATION) {
        return chefError(404, `organization '${organizationName ?? ''}' does not exist.`);
      }
      const text = seen.body.toString();
      const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
      const [first, second] = names;
      if (seen.method === 'DELETE') return onDelete(kind, first ?? '', second);
      if (kind === 'sandboxes') return onSandboxes(seen.method, first, body);
      if (kind === 'cookbooks' && second === undefined) return onVersions(first ?? '');
      if (kind === 'cookbooks') return onCookbooks(seen.method, first ?? '', second ?? '', body, Number(api));
      if (kind === 'environments' && second === 'cookbook_versions') return onSolver(first ?? '', body);
      if (kind === 'environments') return onEnvironments(seen.method, first, text);
      return kind === 'data' ? onData(seen.method, first, second, body, text) : chefError(404, `no route ${seen.url}`);
    },
  };
};

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
};

/** Starts a server whose one organisation is empty. */
export const fakeChef = async (options: FakeChefOptions): Promise<FakeChef> => {
  const { apiVersionMax = 2, aheadMs = 0 } = options;
  const requests: SeenRequest[] = [];
  let origin = '';
  const state = organization(apiVersionMax, () => origin);
  let interference: Interference | undefined;
  let [underWay, most] = [0, 0];

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    most = Math.max(most, ++underWay);
    response.once('close', () => underWay--);
    const { method = '', url = '', headers } = request;
    const seen = { method, url, headers, body: await bodyOf(request) };
    requests.push(seen);
    const exchange: Exchange = {
      seen,
      response,
      perform: () =>
        url.startsWith('/bookshelf/') ? state.putFile(seen) : (refusalOf(seen, options) ?? state.answer(seen)),
      send: ({ status, headers: told, body }) => {
        const date = new Date(Date.now() + aheadMs).toUTCString();
        response.writeHead(status, { date, ...told, 'content-length': Buffer.byteLength(body) });
        response.end(body);
      },
    };
    if (interference === undefined) exchange.send(exchange.perform());
    else interference(exchange);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${origin}/organizations/${ORGANIZATION}`,
    requests,
    mostAtOnce: () => most,
    interfere: (act) => {
      interference = act;
    },
    plantEnvironment: (name, text) => {
      // What the server does not know is not kept, whoever brings it.
      const planted = parseExactJson(text) as Record<string, unknown>;
      const known = Object.entries(planted).filter(([key]) => key === 'name' || key in ENVIRONMENT_DEFAULTS);
      state.environments.set(name, JSON.stringify(Object.fromEntries(known)));
    },
    environmentText: (name) => state.environments.get(name),
    cookbook: (name, version) => state.cookbooks.get(name)?.get(version),
    plantCookbook: (name, version, document) => {
      const versions = state.cookbooks.get(name) ?? new Map<string, Readonly<Record<string, unknown>>>();
      state.cookbooks.set(name, versions.set(version, { ...document }));
    },
    removeCookbook: (name, version) => void state.cookbooks.get(name)?.delete(version),
    dataBags: state.dataBags,
    files: state.files,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
};
