import { fail } from '../cli/command.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';

/** How taking the node's lock ended. */
export type NodeLock =
  | { readonly _tag: 'Held'; readonly release: () => Promise<void> }
  /** Another Summoner is at work on this node. */
  | { readonly _tag: 'Busy' }
  /** There is no lock to be had here: chef-client's own must do. */
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** Takes the node's lock without waiting for it: a kernel lock, since a pid file outlives its writer. Never rejects. */
export type TakeNodeLock = () => Promise<NodeLock>;

/** Does `work` as the node's only Summoner: two would run side by side, and each write over the other's state (N13). */
export const aloneOnNode = async (
  takeLock: TakeNodeLock,
  terminal: Terminal,
  work: () => Promise<ExitCode>,
): Promise<ExitCode> => {
  const lock = await takeLock();
  switch (lock._tag) {
    case 'Busy':
      return fail(terminal, {
        _tag: 'TryAgain',
        detail: 'another Summoner is at work on this node; stop it, or try again when it has ended',
      });
    case 'Unavailable':
      terminal.log('warn', 'the Summoner goes on without a lock', { detail: lock.detail });
      return work();
    case 'Held':
      try {
        return await work();
      } finally {
        await lock.release();
      }
  }
};
