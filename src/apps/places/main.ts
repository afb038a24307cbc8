/**
 * Picks the adapter of a place. That of a bucket is loaded only where a bucket is named, and of it only what the port at
 * hand needs: a Summoner on files carries no SDK along, and one on a bucket nothing that reads tarballs.
 *
 * @module
 */
import { hostname } from 'node:os';
import process from 'node:process';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { GcsSettings } from '../../adapters/gcs/settings.ts';
import type { S3Role, S3Settings } from '../../adapters/s3/settings.ts';
import type { ArtifactInbox } from '../../ports/artifact-inbox.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { SignalBus } from '../../ports/signal-bus.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { LoadedConfig } from '../cli/load.ts';
import { type Config, required } from '../config.ts';
import { badData, type Failure } from '../failure.ts';
import { formatPlace } from './place.ts';

/** How one port is made in each kind of place. */
interface Makers<A> {
  readonly files: (path: string) => Promise<A>;
  readonly s3: (settings: S3Settings) => Promise<A>;
  readonly gcs: (settings: GcsSettings) => Promise<A>;
}

const optional = <K extends keyof S3Settings | keyof S3Role | keyof GcsSettings, A>(
  name: K,
  value: O.Option<A>,
): { readonly [name in K]?: A } => (O.isSome(value) ? ({ [name]: value.value } as { readonly [name in K]: A }) : {});

/** What opens a place: the audit log of a bucket shows it. */
export type Program = 'summoner' | 'librarian' | 'demo';

const SESSION_NAME_LENGTH_MAX = 64;

const sessionNameOf = (program: Program): string =>
  `signalbox-${program}-${hostname()}`.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, SESSION_NAME_LENGTH_MAX);

const roleOf = ({ s3_role_arn: arn, s3_external_id: externalId }: Config, program: Program): O.Option<S3Role> =>
  O.map((named: string) => ({
    arn: named,
    ...optional('externalId', externalId),
    sessionName: sessionNameOf(program),
  }))(arn);

const s3SettingsOf = (config: Config, program: Program): Omit<S3Settings, 'bucket'> => ({
  ...optional('role', roleOf(config, program)),
  ...optional('region', config.s3_region),
  ...optional('endpoint', config.s3_endpoint),
  ...optional('profile', config.s3_profile),
  pathStyle: config.s3_path_style,
  allowHttp: config.s3_allow_http,
  proxyEnvironment: process.env,
});

const gcsSettingsOf = (config: Config): Omit<GcsSettings, 'bucket'> => ({
  ...optional('apiEndpoint', config.gcs_endpoint),
  allowHttp: config.gcs_allow_http,
});

/** Settings that have a field of their own; what is wrong with another is wrong with the place that was named. */
const FIELDS: Readonly<Record<string, string>> = {
  endpoint: 's3_endpoint',
  'role.arn': 's3_role_arn',
  'role.externalId': 's3_external_id',
  apiEndpoint: 'gcs_endpoint',
};

/** What an adapter says of its settings, in the names that they have in the configuration. */
const inFieldNames = (field: string, kind: 's3' | 'gcs', message: string): string => {
  const [setting = ''] = message.split(':', 1);
  const own = Object.hasOwn(FIELDS, setting) ? FIELDS[setting] : undefined;
  const named = own === undefined ? `${field}: ${message}` : `${own}${message.slice(setting.length)}`;
  return named.replace('allowHttp', `${kind}_allow_http`);
};

/** What a bucket may need beside this package, and what loads it. */
const SDKS = {
  '@aws-sdk/client-s3': () => import('../../adapters/s3/sdk.ts'),
  '@aws-sdk/credential-providers': () => import('@aws-sdk/credential-providers'),
  '@google-cloud/storage': () => import('@google-cloud/storage'),
};

type Sdk = keyof typeof SDKS;

/** What has to be installed beside this package, the first of it for every bucket of the kind. */
const sdksOf = (kind: 's3' | 'gcs', { s3_role_arn: role }: Config): readonly Sdk[] => {
  if (kind === 'gcs') return ['@google-cloud/storage'];
  return ['@aws-sdk/client-s3', ...(O.isSome(role) ? ['@aws-sdk/credential-providers' as const] : [])];
};

/** Whether an SDK is there, installed or bundled: it is loaded, as it has to be anyway. */
const isThere = async (sdk: Sdk): Promise<boolean> => {
  try {
    await SDKS[sdk]();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return false;
    throw error;
  }
};

/** Makes what lives in a bucket: its SDK has to be there, and its settings have to be such as can be meant. */
const inBucket = async <A>(
  field: keyof Config,
  address: string,
  kind: 's3' | 'gcs',
  config: Config,
  make: () => Promise<A>,
): Promise<E.Either<Failure, A>> => {
  for (const sdk of sdksOf(kind, config)) {
    if (await isThere(sdk)) continue;
    const needer = sdk === '@aws-sdk/credential-providers' ? 's3_role_arn:' : `${field}: ${address}`;
    return E.left(badData(`${needer} needs ${sdk}, which is not installed; npm install ${sdk}`));
  }
  try {
    return E.right(await make());
  } catch (error) {
    if (error instanceof TypeError) return E.left(badData(inFieldNames(field, kind, error.message)));
    throw error;
  }
};

/** Opens the place that a field names, for a program. */
type Open<A> = (loaded: LoadedConfig, program: Program) => Promise<E.Either<Failure, A>>;

const openWith =
  <A>(field: 'bus' | 'state' | 'artifacts' | 'watch', { files, s3, gcs }: Makers<A>): Open<A> =>
  async ({ config, pathOf }, program) => {
    const named = required(field, config[field]);
    if (E.isLeft(named)) return named;
    const place = named.right;
    switch (place._tag) {
      case 'Files':
        return E.right(await files(pathOf(place.path)));
      case 'S3': {
        const { bucket, prefix } = place;
        return inBucket(field, formatPlace(place), 's3', config, () =>
          s3({ ...s3SettingsOf(config, program), bucket, prefix }),
        );
      }
      case 'Gcs': {
        const { bucket, prefix } = place;
        return inBucket(field, formatPlace(place), 'gcs', config, () =>
          gcs({ ...gcsSettingsOf(config), bucket, prefix }),
        );
      }
    }
  };

/** The signal bus that the field `bus` names. */
export const openSignalBus: Open<SignalBus> = openWith('bus', {
  files: async (path) => (await import('../../adapters/filesystem/signal-bus.ts')).filesystemSignalBus(path),
  s3: async (settings) => (await import('../../adapters/s3/signal-bus.ts')).s3SignalBus(settings),
  gcs: async (settings) => (await import('../../adapters/gcs/signal-bus.ts')).gcsSignalBus(settings),
});

/** The Librarian's state store, which the field `state` names. */
export const openStateStore: Open<StateStore> = openWith('state', {
  files: async (path) => (await import('../../adapters/filesystem/state-store.ts')).filesystemStateStore(path),
  s3: async (settings) => (await import('../../adapters/s3/state-store.ts')).s3StateStore(settings),
  gcs: async (settings) => (await import('../../adapters/gcs/state-store.ts')).gcsStateStore(settings),
});

/** The artifact store that the field `artifacts` names. */
export const openArtifactStore: Open<ArtifactStore> = openWith('artifacts', {
  files: async (path) => (await import('../../adapters/filesystem/artifact-store.ts')).filesystemArtifactStore(path),
  s3: async (settings) => (await import('../../adapters/s3/artifact-store.ts')).s3ArtifactStore(settings),
  gcs: async (settings) => (await import('../../adapters/gcs/artifact-store.ts')).gcsArtifactStore(settings),
});

const openInbox: Open<ArtifactInbox> = openWith('watch', {
  files: async (path) => (await import('../../adapters/filesystem/artifact-inbox.ts')).filesystemArtifactInbox(path),
  s3: async (settings) => (await import('../../adapters/s3/artifact-inbox.ts')).s3ArtifactInbox(settings),
  gcs: async (settings) => (await import('../../adapters/gcs/artifact-inbox.ts')).gcsArtifactInbox(settings),
});

/** The inbox that the field `watch` names; none where it names none. */
export const openArtifactInbox: Open<O.Option<ArtifactInbox>> = async (loaded, program) =>
  O.isNone(loaded.config.watch) ? E.right(O.none) : E.map(O.some<ArtifactInbox>)(await openInbox(loaded, program));
