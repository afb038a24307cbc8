import * as E from 'fp-ts/lib/Either.js';
import { decodeJsonWith, formatFieldErrors } from '../../domain/decoding.ts';
import type { EnvironmentName, StackName, Version } from '../../domain/names.ts';
import { ChefEnvironment, emptyChefEnvironment, pinTo } from '../../domain/pin.ts';
import type { ChefServer } from '../../ports/chef-server.ts';
import { MANIFEST_FILE, type UnpackedCookbook, unpackArtifact } from '../artifact-format/index.ts';

/** A Chef server in memory, and a way to put environments on it that somebody made by hand. */
export interface MemoryChefServer extends ChefServer {
  /**
   * Puts an environment on the server, from the JSON text of its document.
   *
   * @throws TypeError when it is none.
   */
  readonly plantEnvironment: (name: EnvironmentName, json: string) => void;
}

const decodeEnvironment = decodeJsonWith(ChefEnvironment);

/** An empty Chef server of `stack` that lasts as long as the process; of a cookbook it keeps the digest. */
export const memoryChefServer = (stack: StackName): MemoryChefServer => {
  const digests = new Map<string, string>();
  const complete = new Map<Version, string>();
  const environments = new Map<EnvironmentName, ChefEnvironment>();

  const idOf = ({ name, version }: UnpackedCookbook): string => `${name}-${version}`;
  /** The fleet's own cookbook takes the place of one from elsewhere that has its name and version. */
  const effective = (cookbooks: readonly UnpackedCookbook[]): readonly UnpackedCookbook[] => [
    ...new Map(cookbooks.map((cookbook) => [idOf(cookbook), cookbook])).values(),
  ];

  return {
    stack,
    upload: async (record, tarball) => {
      const unpacked = await unpackArtifact(tarball, record, async () => undefined);
      if (unpacked._tag === 'BadArtifact') return unpacked;
      if ((complete.get(record.version) ?? record.sha256) !== record.sha256) {
        return { _tag: 'DifferentBytes', cookbook: MANIFEST_FILE };
      }
      const cookbooks = effective(unpacked.cookbooks);
      const differing = cookbooks.find((cookbook) => {
        const there = digests.get(idOf(cookbook));
        return there !== undefined && there !== cookbook.digest;
      });
      if (differing !== undefined) return { _tag: 'DifferentBytes', cookbook: differing.name };
      for (const cookbook of cookbooks) digests.set(idOf(cookbook), cookbook.digest);
      complete.set(record.version, record.sha256);
      return { _tag: 'Complete' };
    },
    completeArtifacts: async () => ({ _tag: 'Listed', sha256ByVersion: new Map(complete) }),
    environment: async (name) => {
      const environment = environments.get(name);
      return environment === undefined ? { _tag: 'Missing' } : { _tag: 'Found', environment };
    },
    pin: async (name, manifest) => {
      environments.set(name, pinTo(environments.get(name) ?? emptyChefEnvironment(name), manifest));
      return { _tag: 'Pinned' };
    },
    plantEnvironment: (name, json) => {
      const decoded = decodeEnvironment(json);
      if (E.isLeft(decoded)) throw new TypeError(formatFieldErrors(decoded.left));
      environments.set(name, decoded.right);
    },
  };
};
