/**
 * Picks the adapter of a place. That of a bucket is loaded only where a bucket is named, and of it only what the port at
 * hand needs: a Summoner on files carries no SDK along, and one on a bucket nothing that reads tarballs.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { filesystemArtifactStore, filesystemSignalBus, filesystemStateStore } from '../../adapters/filesystem/index.ts';
import type { GcsSettings } from '../../adapters/gcs/settings.ts';
import type { S3Settings } from '../../adapters/s3/settings.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { SignalBus } from '../../ports/signal-bus.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { LoadedConfig } from '../cli/load.ts';
import { type Config, required } from '../config.ts';
import { badData, type Failure } from '../failure.ts';
import { formatPlace } from './place.ts';

/** How one port is made in each kind of place. */
interface Makers<A> {
  readonly files: (path: string) => A;
  readonly s3: (settings: S3Settings) => Promise<A>;
  readonly gcs: (settings: GcsSettings) => Promise<A>;
}

const optional = <K extends keyof S3Settings | keyof GcsSettings, A>(
  name: K,
  value: O.Option<A>,
): { readonly [name in K]?: A } => (O.isSome(value) ? ({ [name]: value.value } as { readonly [name in K]: A }) : {});

const s3SettingsOf = (config: Config): Omit<S3Settings, 'bucket'> => ({
  ...optional('region', config.s3_region),
  ...optional('endpoint', config.s3_endpoint),
  ...optional('profile', config.s3_profile),
  pathStyle: config.s3_path_style,
  allowHttp: config.s3_allow_http,
});

const gcsSettingsOf = (config: Config): Omit<GcsSettings, 'bucket'> => ({
  ...optional('apiEndpoint', config.gcs_endpoint),
  allowHttp: config.gcs_allow_http,
});

/** What an adapter says of its settings, in the names that they have in the configuration. */
const inFieldNames = (field: string, kind: 's3' | 'gcs', message: string): string => {
  const renamed = message.replace('allowHttp', `${kind}_allow_http`);
  return /^(?:e|apiE)ndpoint:/.test(renamed)
    ? renamed.replace(/^(?:e|apiE)ndpoint/, `${kind}_endpoint`)
    : `${field}: ${renamed}`;
};

/** Makes what lives in a bucket: its SDK has to be there, and its settings have to be such as can be meant. */
const inBucket = async <A>(
  field: keyof Config,
  address: string,
  kind: 's3' | 'gcs',
  make: () => Promise<A>,
): Promise<E.Either<Failure, A>> => {
  const sdk = kind === 's3' ? '@aws-sdk/client-s3' : '@google-cloud/storage';
  try {
    import.meta.resolve(sdk);
  } catch {
    return E.left(badData(`${field}: ${address} needs ${sdk}, which is not installed; npm install ${sdk}`));
  }
  try {
    return E.right(await make());
  } catch (error) {
    if (error instanceof TypeError) return E.left(badData(inFieldNames(field, kind, error.message)));
    throw error;
  }
};

const openWith =
  <A>(field: 'bus' | 'state' | 'artifacts', { files, s3, gcs }: Makers<A>) =>
  async ({ config, pathOf }: LoadedConfig): Promise<E.Either<Failure, A>> => {
    const named = required(field, config[field]);
    if (E.isLeft(named)) return named;
    const place = named.right;
    switch (place._tag) {
      case 'Files':
        return E.right(files(pathOf(place.path)));
      case 'S3': {
        const { bucket, prefix } = place;
        return inBucket(field, formatPlace(place), 's3', () => s3({ ...s3SettingsOf(config), bucket, prefix }));
      }
      case 'Gcs': {
        const { bucket, prefix } = place;
        return inBucket(field, formatPlace(place), 'gcs', () => gcs({ ...gcsSettingsOf(config), bucket, prefix }));
      }
    }
  };

/** The signal bus that the field `bus` names. */
export const openSignalBus: (loaded: LoadedConfig) => Promise<E.Either<Failure, SignalBus>> = openWith('bus', {
  files: filesystemSignalBus,
  s3: async (settings) => (await import('../../adapters/s3/signal-bus.ts')).s3SignalBus(settings),
  gcs: async (settings) => (await import('../../adapters/gcs/signal-bus.ts')).gcsSignalBus(settings),
});

/** The Librarian's state store, which the field `state` names. */
export const openStateStore: (loaded: LoadedConfig) => Promise<E.Either<Failure, StateStore>> = openWith('state', {
  files: filesystemStateStore,
  s3: async (settings) => (await import('../../adapters/s3/state-store.ts')).s3StateStore(settings),
  gcs: async (settings) => (await import('../../adapters/gcs/state-store.ts')).gcsStateStore(settings),
});

/** The artifact store that the field `artifacts` names. */
export const openArtifactStore: (loaded: LoadedConfig) => Promise<E.Either<Failure, ArtifactStore>> = openWith(
  'artifacts',
  {
    files: filesystemArtifactStore,
    s3: async (settings) => (await import('../../adapters/s3/artifact-store.ts')).s3ArtifactStore(settings),
    gcs: async (settings) => (await import('../../adapters/gcs/artifact-store.ts')).gcsArtifactStore(settings),
  },
);
