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
export interface GceMetadataSettings extends Partial<MetadataLimits> {
  /** A host, with a port or without; by default the service's address. Google's own tools take it from `GCE_METADATA_HOST`. */
  readonly host?: string;
  /** By which of the service's two addresses it is asked where no host is named: `IPv4` by default. */
  readonly family?: 'IPv4' | 'IPv6';
}

/** By address and not by `metadata.google.internal`: that needs a resolver, which another network may answer for. */
const HOSTS = { IPv4: '169.254.169.254', IPv6: '[fd20:ce::254]' } as const;

/** Asks for it, and proves the answer: the service says it back, and a page that answers everything does not. */
const FLAVOR = { name: 'metadata-flavor', value: 'Google' } as const;

const INSTANCE = '/computeMetadata/v1/instance';

const isPassing = (status: number): boolean => status === 429 || status >= 500;

/** The answer to one path below the instance; none where it has none. */
const answerTo = (path: string, { status, headers, text }: MetadataAnswer): string | undefined => {
  // While the service starts, a front end may answer in its place, without the header.
  if (isPassing(status)) throw new MetadataTrouble('Unavailable', `${path}: status ${status}`);
  if (headers[FLAVOR.name] !== FLAVOR.value) {
    throw new MetadataTrouble(
      'NotThisCloud',
      `${path}: expected the header Metadata-Flavor: Google, got an answer without`,
    );
  }
  if (status === 404) return undefined;
  if (status === 403)
    throw new MetadataTrouble('Refused', `${path}: status 403: this machine may not ask, or a proxy stands between`);
  if (status !== 200) throw new MetadataTrouble('NotThisCloud', `${path}: expected status 200, got ${status}`);
  return text;
};

type Ask = (path: string) => Promise<string | undefined>;

const required = async (ask: Ask, path: string): Promise<string> => {
  const text = await ask(path);
  if (text === undefined) throw new MetadataTrouble('Refused', `${path}: GCE has none for this machine`);
  return text;
};

/** `projects/123456789012/zones/us-central1-a`: the last part. */
const ZONE = /^projects\/[^/]+\/zones\/([^/]+)$/;

const describe = async (ask: Ask, tag: string | undefined): Promise<Machine> => {
  const path = await required(ask, 'zone');
  const zone = nameIn(ZoneId, 'zone', ZONE.exec(path)?.[1] ?? path);
  const instanceId = nameIn(NodeName, 'id', await required(ask, 'id'));
  const instanceName = nameIn(NodeName, 'name', await required(ask, 'name'));
  const value = tag === undefined ? undefined : await ask(`attributes/${tag}`);
  return {
    zone,
    zoneName: zone,
    instanceId,
    instanceName,
    ...(value === undefined ? {} : { tag: textOf(`attributes/${tag}`, value) }),
  };
};

/**
 * Asks the metadata service of Google Compute Engine. Its zones have one name each, the same in every project.
 *
 * @throws TypeError when the host of the settings is none.
 */
export const gceMetadata = (settings: GceMetadataSettings = {}): MachineMetadata => {
  const { host, family = 'IPv4', ...limits } = settings;
  const base = metadataBase('GCE_METADATA_HOST', `http://${host ?? HOSTS[family]}`);
  const all: MetadataLimits = { ...metadataDefaults, ...limits };
  const headers = { [FLAVOR.name]: FLAVOR.value };
  return {
    describe: ({ tag }, abort) =>
      describePatiently(all, abort, (signal) =>
        describe(
          async (path) =>
            answerTo(
              path,
              await requestMetadata(base, { method: 'GET', path: `${INSTANCE}/${path}`, headers }, all, signal),
            ),
          tag,
        ),
      ),
  };
};
