/**
 * Appends entries to one document, as one of several processes that race for it.
 *
 * `append-entries.ts ROOT NAME COUNT`: the document is a JSON list below `KEY`; each entry is `NAME-<n>`. Prints
 * `landed NAME-<n>` after each, when it is known to be in the list.
 */
import { filesystemStateStore } from '../../../src/adapters/filesystem/index.ts';

const KEY = 'shared/list.json';

const [root = '', name = '', count = '0'] = process.argv.slice(2);
const store = filesystemStateStore(root);

/** Appends `entry`; whether it is there, which a caller that was told `Unknown` reads back. */
const append = async (entry: string): Promise<boolean> => {
  const reading = await store.read(KEY);
  if (reading._tag !== 'Found' && reading._tag !== 'Missing') throw new Error(JSON.stringify(reading));
  const entries = reading._tag === 'Found' ? (JSON.parse(reading.body) as string[]) : [];
  if (entries.includes(entry)) return true;
  const body = JSON.stringify([...entries, entry]);
  const outcome = await store.write(KEY, body, reading._tag === 'Found' ? reading.revision : undefined);
  if (outcome._tag === 'Unknown') throw new Error(outcome.detail);
  return outcome._tag === 'Landed';
};

process.stdout.write('ready\n');
process.stdin.once('data', () => {
  void (async () => {
    for (let n = 0; n < Number(count); n++) {
      while (!(await append(`${name}-${n}`)));
      process.stdout.write(`landed ${name}-${n}\n`);
    }
    process.exit(0);
  })();
});
