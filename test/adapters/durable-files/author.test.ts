import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/adapters/durable-files/index.ts';
import { runScript } from '../../support/run-node.ts';

const { author, authorIsGone } = nodeFileSystem;

/** Without `/proc` nobody can be told apart, and temporaries are cleared by their age alone. */
const keepsProc = existsSync('/proc/self/stat');

test.skipIf(!keepsProc)(
  'fault 41: a process that runs is not gone, and is when it has ended (skipped without /proc)',
  async () => {
    expect(await authorIsGone(await author())).toBe(false);
    const other = runScript('print-author.ts');
    const name = await other.line((line) => line !== '');
    expect(name).not.toBe(await author());
    expect(await authorIsGone(name)).toBe(false);
    other.child.kill('SIGKILL');
    await once(other.child, 'exit');
    expect(await authorIsGone(name)).toBe(true);
  },
);

test.skipIf(!keepsProc)(
  'fault 47: a number that was given to another process is not taken for the old one (skipped without /proc)',
  async () => {
    const [boot, namespace, pid, startedAt] = (await author()).split('-');
    expect(await authorIsGone([boot, namespace, pid, Number(startedAt) - 1].join('-'))).toBe(true);
  },
);

test.skipIf(!keepsProc)(
  'a process from before the last start of the machine is gone; one of another container, nobody can tell (skipped without /proc)',
  async () => {
    const [boot, namespace, pid, startedAt] = (await author()).split('-');
    expect(await authorIsGone(['00000000', namespace, pid, Number(startedAt) - 1].join('-'))).toBe(true);
    expect(await authorIsGone(['00000000', '00000000', pid, startedAt].join('-'))).toBe(true);
    expect(await authorIsGone([boot, '00000000', pid, startedAt].join('-'))).toBe(undefined);
    expect(await authorIsGone('unknown')).toBe(undefined);
    // A container may pretend to another start of the machine than a service in it can see.
    expect(await authorIsGone(['00000000', namespace, pid, startedAt].join('-'))).toBe(false);
    // In a sandbox that hides which start of the machine this is, number and time tell.
    expect(await authorIsGone(['ffffffff', namespace, pid, startedAt].join('-'))).toBe(false);
    expect(await authorIsGone(['ffffffff', namespace, pid, Number(startedAt) - 1].join('-'))).toBe(true);
  },
);
