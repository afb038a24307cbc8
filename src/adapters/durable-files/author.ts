import { readFile, readlink } from 'node:fs/promises';
import { hash } from 'node:crypto';
import { errnoOf } from './failure.ts';

/** One process, told apart from every other that ran or will run under the same number. */
interface Author {
  readonly boot: string;
  readonly namespace: string;
  readonly pid: string;
  /** In clock ticks since the machine started; a number that is used again starts later. */
  readonly startedAt: string;
}

const short = (text: string): string => hash('sha256', text).slice(0, 8);

/** When a process started: the 22nd field of its `stat`, counted after the name, which may hold anything. */
const startOf = (stat: string): string => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';

/** Where a sandbox hides which start of the machine this is; a number that was given again is told by its time all the same. */
const UNKNOWN_BOOT = 'ffffffff';

const bootOf = async (): Promise<string> => {
  try {
    return short((await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim());
  } catch {
    return UNKNOWN_BOOT;
  }
};

const readAuthor = async (): Promise<Author | undefined> => {
  try {
    const [boot, namespace, pid, stat] = await Promise.all([
      bootOf(),
      readlink('/proc/self/ns/pid'),
      readlink('/proc/self'),
      readFile('/proc/self/stat', 'utf8'),
    ]);
    return { boot, namespace: short(namespace), pid, startedAt: startOf(stat) };
  } catch {
    return undefined;
  }
};

const UNKNOWN_AUTHOR = 'unknown';
const AUTHOR = /^([0-9a-f]{8})-([0-9a-f]{8})-(\d+)-(\d+)$/;

let self: Promise<Author | undefined> | undefined;

const thisAuthor = (): Promise<Author | undefined> => (self ??= readAuthor());

/** Names this process for {@link authorIsGone}; every process has the same name where the machine keeps no `/proc`. */
export const author = async (): Promise<string> => {
  const known = await thisAuthor();
  return known === undefined ? UNKNOWN_AUTHOR : `${known.boot}-${known.namespace}-${known.pid}-${known.startedAt}`;
};

/**
 * Whether the process that called itself `name` has ended. One from before the machine's last start has; one of another
 * container cannot be seen from here. A number that was given to another process since then is not taken for it: the
 * time at which it started is part of the name (fault 47).
 *
 * A process that has both is the one, whichever start of the machine it names: a container that pretends to a start of its
 * own does not pretend it to a service that systemd hardens.
 */
export const authorIsGone = async (name: string): Promise<boolean | undefined> => {
  const here = await thisAuthor();
  const [, boot, namespace, pid, startedAt] = AUTHOR.exec(name) ?? [];
  if (here === undefined || boot === undefined) return undefined;
  const isOfAnotherBoot = boot !== here.boot && boot !== UNKNOWN_BOOT && here.boot !== UNKNOWN_BOOT;
  if (namespace !== here.namespace) return isOfAnotherBoot ? true : undefined;
  try {
    return startOf(await readFile(`/proc/${pid ?? ''}/stat`, 'utf8')) !== startedAt;
  } catch (error) {
    return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH' ? true : undefined;
  }
};
