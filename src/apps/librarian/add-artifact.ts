/**
 * Adding an artifact: received whole, stored, and uploaded to every stack. Only when every stack has all of it may
 * anyone promote it (laws L1 and L7).
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import type * as TE from 'fp-ts/lib/TaskEither.js';
import type { StackName, Version } from '../../domain/names.ts';
import type { ArtifactArrival } from '../../ports/artifact-intake.ts';
import type { ArtifactAddition, ArtifactRecord } from '../../ports/artifact-store.ts';
import type { UploadOutcome } from '../../ports/chef-server.ts';
import { badData, type Failure, unavailable } from '../failure.ts';
import { recorded } from './audit.ts';
import type { Asker } from './intervene.ts';
import type { LibrarianPorts } from './librarian-ports.ts';

/** A stack that does not have the artifact yet; adding it again tries again. */
export interface UploadTrouble {
  readonly stack: StackName;
  readonly detail: string;
}

/** What adding an artifact did. */
export interface ArtifactAdded {
  readonly record: ArtifactRecord;
  /** False when the same bytes were there already. */
  readonly isNew: boolean;
  readonly troubles: readonly UploadTrouble[];
}

const failureOf = (addition: ArtifactAddition, { version, sha256 }: ArtifactRecord): Failure | undefined => {
  switch (addition._tag) {
    case 'Added':
    case 'AlreadyThere':
      return undefined;
    case 'DifferentBytes':
      return {
        _tag: 'Refused',
        reason: 'DifferentBytes',
        detail: `artifact ${version} exists with checksum ${addition.existingSha256}, not ${sha256}; an artifact is immutable: choose a new version`,
      };
    case 'Corrupt':
      return badData(`artifact ${version}: ${addition.detail}`);
    case 'Unavailable':
      return unavailable(`artifact store: ${addition.detail}`);
  }
};

const troubleOf = (outcome: UploadOutcome): string | undefined => {
  switch (outcome._tag) {
    case 'Complete':
      return undefined;
    case 'DifferentBytes':
      return `cookbook ${outcome.cookbook} is there with other bytes`;
    case 'BadArtifact':
    case 'Unavailable':
      return outcome.detail;
  }
};

/** Uploads a stored artifact to one stack; nothing when that has it now. It is counted while it is under way. */
export const uploadTo =
  (ports: LibrarianPorts) =>
  async (version: Version, stack: StackName): Promise<UploadTrouble | undefined> => {
    const server = ports.chefServers.get(stack);
    if (server === undefined) return { stack, detail: 'no Chef server is configured' };
    const opened = await ports.artifacts.open(version);
    if (opened._tag !== 'Opened') {
      return { stack, detail: opened._tag === 'Missing' ? 'the artifact is gone from its store' : opened.detail };
    }
    const { record, tarball } = opened;
    const meter = ports.uploads.begin(version, stack, record.sizeBytes);
    try {
      const detail = troubleOf(await server.upload(record, meter.counted(tarball), meter.onFiles));
      if (detail === undefined) return undefined;
      ports.log('error', 'upload failed', { stack, version, detail });
      return { stack, detail };
    } finally {
      meter.end();
    }
  };

/** Uploads a stored artifact to every stack, side by side; those that have it are asked in vain. */
const uploadEverywhere = async (ports: LibrarianPorts, version: Version): Promise<readonly UploadTrouble[]> => {
  const troubles = await Promise.all(ports.plan.stacks.map((stack) => uploadTo(ports)(version, stack)));
  return troubles.filter((trouble) => trouble !== undefined);
};

/** An artifact that is in the store. */
export type StoredArtifact = Omit<ArtifactAdded, 'troubles'>;

type Received = Extract<ArtifactArrival, { readonly _tag: 'Received' }>;

const store = async (ports: LibrarianPorts, received: Received): Promise<E.Either<Failure, StoredArtifact>> => {
  const { manifest, sha256, sizeBytes } = received;
  const version = manifest.baseVersion;
  const record: ArtifactRecord = { version, sha256, sizeBytes, addedAt: ports.clock.now(), manifest };
  const addition = await ports.artifacts.add(record, received.read());
  const failure = failureOf(addition, record);
  if (failure !== undefined) return E.left(failure);
  const opened = await ports.artifacts.open(version);
  ports.log('info', 'artifact added', { version, sha256, size_bytes: sizeBytes });
  return E.right({ record: opened._tag === 'Opened' ? opened.record : record, isNew: addition._tag === 'Added' });
};

/** Receives `tarball` whole, and does `work` with it between the two records of the audit trail. */
const receiving =
  (ports: LibrarianPorts) =>
  <A>(
    tarball: AsyncIterable<Uint8Array>,
    { who, why }: Asker,
    work: (received: Received) => TE.TaskEither<Failure, A>,
    outcomeOf: (a: A) => string,
  ): TE.TaskEither<Failure, A> =>
  async () => {
    const received = await ports.intake(tarball);
    if (received._tag === 'BadArtifact') return E.left(badData(`artifact: ${received.detail}`));
    if (received._tag === 'Unavailable') return E.left(unavailable(`artifact: ${received.detail}`));
    try {
      const details = { version: received.manifest.baseVersion, sha256: received.sha256 };
      return await recorded(ports)({ who, why, what: 'add artifact', details }, work(received), outcomeOf)();
    } finally {
      await received.discard();
    }
  };

const storedOutcome = ({ isNew }: StoredArtifact): string => (isNew ? 'added' : 'was there already');

const addedOutcome = (added: ArtifactAdded): string =>
  [storedOutcome(added), ...added.troubles.map(({ stack, detail }) => `upload to ${stack} failed: ${detail}`)].join(
    '; ',
  );

/**
 * Stores the artifact in `tarball`, and uploads it nowhere: the same bytes twice are one artifact, other bytes under its
 * version are refused (law L7).
 */
export const storeArtifact =
  (ports: LibrarianPorts) =>
  (tarball: AsyncIterable<Uint8Array>, asker: Asker): TE.TaskEither<Failure, StoredArtifact> =>
    receiving(ports)(tarball, asker, (received) => () => store(ports, received), storedOutcome);

/** Adds the artifact in `tarball`: what {@link storeArtifact} does, and an upload to every stack. */
export const addArtifact =
  (ports: LibrarianPorts) =>
  (tarball: AsyncIterable<Uint8Array>, asker: Asker): TE.TaskEither<Failure, ArtifactAdded> =>
    receiving(ports)(
      tarball,
      asker,
      (received) => async () => {
        const stored = await store(ports, received);
        if (E.isLeft(stored)) return stored;
        const troubles = await uploadEverywhere(ports, stored.right.record.version);
        return E.right({ ...stored.right, troubles });
      },
      addedOutcome,
    );
