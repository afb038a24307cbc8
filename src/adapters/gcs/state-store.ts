import type { StateStore } from '../../ports/state-store.ts';
import { assertDocumentKey, bodyFault, readBody, STATE_BYTES_MAX } from '../text-body/index.ts';
import { gcsObjects } from './gcs-objects.ts';
import type { GcsSettings } from './settings.ts';

/**
 * A state store of objects in Google Cloud Storage: the document under `a/b.json` is `gs://<bucket>/<prefix>/a/b.json`, and
 * its revision is the object's generation. Who may write there is the bucket's policy; that others could shows nowhere in
 * an object, so what is refused here are bytes that are not UTF-8 and more than {@link STATE_BYTES_MAX} of them.
 *
 * One document takes about one write a second; a write that comes too soon after another is `Unknown` and says so.
 *
 * @throws TypeError naming the field when `settings` cannot be meant.
 */
export const gcsStateStore = (settings: GcsSettings): StateStore => {
  const objects = gcsObjects(settings);
  return {
    read: async (key) => {
      assertDocumentKey(key);
      const found = await objects.look(key, undefined, STATE_BYTES_MAX);
      switch (found._tag) {
        case 'Found': {
          const body = readBody(found.bytes, STATE_BYTES_MAX);
          return 'fault' in body
            ? { _tag: 'Refused', detail: `read ${objects.uriOf(key)}: ${body.fault}` }
            : { _tag: 'Found', body: body.text, revision: found.revision };
        }
        case 'TooLarge':
          return { _tag: 'Refused', detail: found.detail };
        case 'Missing':
          return found;
        case 'Unchanged':
          return { _tag: 'Unavailable', detail: `read ${objects.uriOf(key)}: got status 304, which nobody asked for` };
        case 'NoObject':
        case 'Denied':
        case 'Unavailable':
          return { _tag: 'Unavailable', detail: found.detail };
      }
    },
    write: async (key, body, expected) => {
      assertDocumentKey(key);
      const fault = bodyFault(body, STATE_BYTES_MAX);
      if (fault !== undefined) return { _tag: 'Unknown', detail: `write ${objects.uriOf(key)}: ${fault}` };
      return objects.put(key, Buffer.from(body), expected);
    },
  };
};
