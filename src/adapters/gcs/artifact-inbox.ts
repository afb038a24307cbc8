import type { ArtifactInbox } from '../../ports/artifact-inbox.ts';
import { byName, isInboxName } from '../artifact-format/index.ts';
import { describeFailure } from './answers.ts';
import { gcsObjects } from './gcs-objects.ts';
import type { GcsSettings } from './settings.ts';

/**
 * An inbox that is a prefix of a bucket in Google Cloud Storage. An object appears whole or not at all, and its generation
 * is its revision.
 *
 * @throws TypeError naming the field when `settings` cannot be meant.
 */
export const gcsArtifactInbox = (settings: GcsSettings): ArtifactInbox => {
  const objects = gcsObjects(settings);
  return {
    list: async () => {
      try {
        const tarballs = (await objects.list('/'))
          .filter(({ name }) => isInboxName(name))
          .map((object) => ({ ...object, mayGrow: false }));
        return { _tag: 'Listed', tarballs: tarballs.sort(byName) };
      } catch (error) {
        return { _tag: 'Unavailable', detail: `list ${objects.uriOf('')}: ${describeFailure(error)}` };
      }
    },
    open: async (name, revision) => {
      try {
        const object = await objects.open(name);
        if (object?.revision !== revision) return { _tag: 'Changed' };
        return { _tag: 'Opened', tarball: object.bytes() };
      } catch (error) {
        return { _tag: 'Unavailable', detail: `open ${objects.uriOf(name)}: ${describeFailure(error)}` };
      }
    },
  };
};
