import type { StackName } from '../../domain/names.ts';
import type { ChefServer, ChefServerUnavailable } from '../../ports/chef-server.ts';
import { MANIFEST_FILE } from '../artifact-format/index.ts';
import { artifactMarks } from './artifact-marks.ts';
import { chefRequests } from './chef-requests.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { environmentOn, pinEnvironment } from './pin-environment.ts';
import { checkSettings, type ChefInfraServerSettings } from './settings.ts';
import { BadArtifact, prepareSpool, withSpooledArtifact } from './spooled-artifact.ts';
import { uploadCookbooks } from './upload-cookbooks.ts';

const unavailable = (error: unknown): ChefServerUnavailable => ({
  _tag: 'Unavailable',
  detail: error instanceof Error ? error.message : String(error),
});

/**
 * A stack's Chef Infra Server, over its API. Cookbooks are uploaded frozen and never overwritten (law L7); what is complete
 * is told by the data bag `signalbox_artifacts`; a pin is a read-modify-write of the environment that is read back (law
 * L2), serialised among those of this process. Among several processes it is the Librarian's fence that keeps a slow one
 * from pinning what was overtaken.
 *
 * `_default` cannot be pinned: Chef allows no change of it, and it is no environment name here.
 *
 * @throws TypeError naming the field when one of the settings cannot be meant.
 */
export const chefInfraServer = (stack: StackName, settings: ChefInfraServerSettings): ChefServer => {
  const checked = checkSettings(settings);
  const { directory, limits, pauseMs } = checked;
  const requests = chefRequests(checked);
  const marks = artifactMarks(requests);
  const inTurn = oneAtATime();
  let prepared: Promise<void> | undefined;

  return {
    stack,
    upload: async (record, tarball, onFiles = () => undefined) => {
      try {
        const claimed = await marks.claimed(record.version);
        if (claimed !== undefined && claimed !== record.sha256) {
          return { _tag: 'DifferentBytes', cookbook: MANIFEST_FILE };
        }
        await (prepared ??= prepareSpool(directory));
        return await withSpooledArtifact(directory, record, tarball, limits, async (artifact) => {
          const uploaded = await uploadCookbooks(requests, artifact, pauseMs, onFiles);
          if (uploaded._tag === 'DifferentBytes') return uploaded;
          return (await marks.mark(record, artifact.cookbooks))
            ? { _tag: 'Complete' }
            : { _tag: 'DifferentBytes', cookbook: MANIFEST_FILE };
        });
      } catch (error) {
        if (error instanceof BadArtifact) return { _tag: 'BadArtifact', detail: error.message };
        prepared = undefined;
        return unavailable(error);
      }
    },
    completeArtifacts: async () => {
      try {
        return { _tag: 'Listed', sha256ByVersion: await marks.complete() };
      } catch (error) {
        return unavailable(error);
      }
    },
    environment: async (name) => {
      try {
        const environment = await environmentOn(requests, name);
        return environment === undefined ? { _tag: 'Missing' } : { _tag: 'Found', environment };
      } catch (error) {
        return unavailable(error);
      }
    },
    pin: (name, manifest) =>
      inTurn(name, async () => {
        try {
          await pinEnvironment(requests, name, manifest, checked.checkDependencies);
          return { _tag: 'Pinned' };
        } catch (error) {
          return unavailable(error);
        }
      }),
  };
};
