import { NodeName, ZoneId } from '../../domain/names.ts';
import type { Machine, MachineMetadata } from '../../ports/machine-metadata.ts';
import {
  describePatiently,
  metadataBase,
  metadataDefaults,
  type MetadataAnswer,
  type MetadataLimits,
  MetadataTrouble,
  nameIn,
  requestMetadata,
  textOf,
} from '../metadata-request/index.ts';

/** Where the service is, and how long it may take. */
export interface Ec2MetadataSettings extends Partial<MetadataLimits> {
  /**
   * An `http:` address without a path; by default that of the `family`. AWS's own tools take it from
   * `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
   */
  readonly endpoint?: string;
  /** By which of the service's two addresses it is asked where no endpoint is named: `IPv4` by default, as AWS has it. */
  readonly family?: 'IPv4' | 'IPv6';
}

/** Both are the same on every machine. The second answers on Nitro instances that have it enabled. */
const ENDPOINTS = { IPv4: 'http://169.254.169.254', IPv6: 'http://[fd00:ec2::254]' } as const;

/** For so long the token holds, in seconds: all questions together take no longer. The service takes 1 to 21 600. */
const TOKEN_TTL_SECONDS = 60;

const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';

/** What a token is made of; whatever else comes is none, and must not get into a header. */
const TOKEN = /^[A-Za-z0-9+/=_-]{1,1024}$/;

/** Trouble that may pass by itself, told by the status. */
const isPassing = (status: number): boolean => status === 429 || status >= 500;

const HOP_LIMIT =
  'in a container the answer may have died on its way for want of hops: ask from the machine itself, or set HttpPutResponseHopLimit of its metadata options to 2';

const troubleOf = (what: string, { status }: MetadataAnswer): MetadataTrouble => {
  if (isPassing(status)) return new MetadataTrouble('Unavailable', `${what}: status ${status}`);
  if (status === 403) {
    return new MetadataTrouble(
      'Refused',
      `${what}: status 403: the metadata service is switched off for this machine (HttpEndpoint of its metadata options), or a proxy stands before it`,
    );
  }
  return new MetadataTrouble('NotThisCloud', `${what}: expected status 200, got ${status}`);
};

const tokenOf = ({ headers, text, ...answer }: MetadataAnswer): string => {
  const what = 'the token of the EC2 metadata service';
  if (answer.status !== 200) throw troubleOf(what, { headers, text, ...answer });
  // A page to log in says 200 to everything. EC2 says for how long a token holds; what stands in for it may not.
  if (!/^\d{1,5}$/.test(String(headers[TTL_HEADER] ?? TOKEN_TTL_SECONDS)) || !TOKEN.test(text)) {
    throw new MetadataTrouble('NotThisCloud', `${what}: expected a token, got something else`);
  }
  return text;
};

type Ask = (method: 'GET' | 'PUT', path: string, headers: Readonly<Record<string, string>>) => Promise<MetadataAnswer>;

const newToken = async (ask: Ask): Promise<string> => {
  try {
    return tokenOf(await ask('PUT', '/latest/api/token', { [TTL_HEADER]: String(TOKEN_TTL_SECONDS) }));
  } catch (error) {
    if (error instanceof MetadataTrouble && error.reading._tag === 'Unavailable') {
      throw new MetadataTrouble('Unavailable', `${error.message}; ${HOP_LIMIT}`);
    }
    throw error;
  }
};

/** The answer to one path: 200, or 404 where there is no such thing. */
type Get = (path: string) => Promise<MetadataAnswer>;

/** Asks with one token; one that is no longer taken, after a machine stood still for one, is replaced once for each path. */
const withToken = (ask: Ask): Get => {
  let token: string | undefined;
  const getWith = async (path: string): Promise<MetadataAnswer> => {
    token ??= await newToken(ask);
    return ask('GET', path, { [TOKEN_HEADER]: token });
  };
  return async (path) => {
    let answer = await getWith(path);
    if (answer.status === 401) {
      token = undefined;
      answer = await getWith(path);
    }
    if (answer.status === 200 || answer.status === 404) return answer;
    throw troubleOf(path, answer);
  };
};

const META_DATA = '/latest/meta-data';

const required = async (get: Get, path: string): Promise<string> => {
  const answer = await get(`${META_DATA}/${path}`);
  if (answer.status === 404) throw new MetadataTrouble('Refused', `${path}: EC2 has none for this machine`);
  return answer.text;
};

const optional = async (get: Get, path: string): Promise<string | undefined> => {
  const answer = await get(`${META_DATA}/${path}`);
  return answer.status === 404 ? undefined : textOf(path, answer.text);
};

const describe = async (get: Get, tag: string | undefined): Promise<Machine> => {
  const zone = nameIn(ZoneId, 'placement/availability-zone-id', await required(get, 'placement/availability-zone-id'));
  const zoneName = nameIn(ZoneId, 'placement/availability-zone', await required(get, 'placement/availability-zone'));
  const instanceId = nameIn(NodeName, 'instance-id', await required(get, 'instance-id'));
  // Not there unless the machine's metadata options allow tags.
  const value = tag === undefined ? undefined : await optional(get, `tags/instance/${tag}`);
  return { zone, zoneName, instanceId, ...(value === undefined ? {} : { tag: value }) };
};

/**
 * Asks the metadata service of EC2 (IMDSv2): a token by PUT, then each fact with that token. Version 1, which needs none and
 * can be read through a careless proxy, is never asked.
 *
 * @throws TypeError when the endpoint of the settings is none.
 */
export const ec2Metadata = (settings: Ec2MetadataSettings = {}): MachineMetadata => {
  const { endpoint, family = 'IPv4', ...limits } = settings;
  const base = metadataBase('AWS_EC2_METADATA_SERVICE_ENDPOINT', endpoint ?? ENDPOINTS[family]);
  const all: MetadataLimits = { ...metadataDefaults, ...limits };
  return {
    describe: ({ tag }, abort) =>
      describePatiently(all, abort, (signal) =>
        describe(
          withToken((method, path, headers) => requestMetadata(base, { method, path, headers }, all, signal)),
          tag,
        ),
      ),
  };
};
