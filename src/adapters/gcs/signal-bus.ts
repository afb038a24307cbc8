import { SIGNAL_BYTES_MAX, signalPath } from '../../domain/signal.ts';
import type { SignalBus } from '../../ports/signal-bus.ts';
import { bodyFault, readBody } from '../text-body/index.ts';
import { gcsObjects } from './gcs-objects.ts';
import type { GcsSettings } from './settings.ts';

/**
 * A signal bus of objects in Google Cloud Storage: the signal of an environment is
 * `gs://<bucket>/<prefix>/chef-run-triggers/<stack>/<environment>`, and its revision is the object's generation.
 *
 * A look is one request and nothing beside it, answered with 304 while the generation is the one that the reader holds. A
 * write is one request under the condition that the generation is still the expected one. Neither is tried again: when to
 * ask once more is the caller's to know, and a write that was tried again could meet itself and call that a conflict. One
 * object takes about one write a second; a write that comes too soon after another is `Unknown` and says so.
 *
 * The one more request that can be seen is the credentials', which fetch a token about once an hour.
 *
 * @throws TypeError naming the field when `settings` cannot be meant.
 *
 * @example
 * ```ts
 * import { gcsSignalBus } from 'signalbox/adapters/gcs';
 *
 * const bus = gcsSignalBus({ bucket: 'example-signals', prefix: 'fleet' });
 * ```
 */
export const gcsSignalBus = (settings: GcsSettings): SignalBus => {
  const objects = gcsObjects(settings);
  return {
    read: async (key, known) => {
      const name = signalPath(key);
      const found = await objects.look(name, known, SIGNAL_BYTES_MAX);
      switch (found._tag) {
        case 'Found': {
          const body = readBody(found.bytes, SIGNAL_BYTES_MAX);
          return 'fault' in body
            ? { _tag: 'Malformed', detail: `read ${objects.uriOf(name)}: ${body.fault}`, revision: found.revision }
            : { _tag: 'Fresh', body: body.text, revision: found.revision };
        }
        case 'TooLarge':
          return { _tag: 'Malformed', detail: found.detail, revision: found.revision };
        case 'NoObject':
          return { _tag: 'Malformed', detail: found.detail, revision: undefined };
        case 'Unchanged':
        case 'Missing':
        case 'Denied':
        case 'Unavailable':
          return found;
      }
    },
    write: async (key, body, expected) => {
      const name = signalPath(key);
      const fault = bodyFault(body, SIGNAL_BYTES_MAX);
      if (fault !== undefined) return { _tag: 'Unknown', detail: `write ${objects.uriOf(name)}: ${fault}` };
      return objects.put(name, Buffer.from(body), expected);
    },
  };
};
