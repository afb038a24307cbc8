import { kill } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that leads a group of its own, and all that it started in it. */
export interface ProcessGroup {
  /** Sends a signal to every process of the group; that none is left is no failure. */
  readonly send: (signal: NodeJS.Signals) => void;
  /** Whether any process of the group is left, one that nobody has waited for yet included. */
  readonly isThere: () => boolean;
  /** Resolves when none is left, or when `isOver` says that waiting is over. */
  readonly gone: (isOver: () => boolean) => Promise<void>;
}

/** How often a group that was told to end is looked at; the operating system tells nobody when a grandchild ends. */
const LOOK_MS = 20;

/** The group whose leader is `pid`. */
export const processGroup = (pid: number): ProcessGroup => {
  const signalled = (signal: NodeJS.Signals | 0): boolean => {
    try {
      kill(-pid, signal);
      return true;
    } catch (error) {
      // EPERM: something is there, and has become another user.
      return error instanceof Error && 'code' in error && error.code === 'EPERM';
    }
  };
  const isThere = (): boolean => signalled(0);
  return {
    send: (signal) => {
      signalled(signal);
    },
    isThere,
    gone: async (isOver) => {
      while (isThere() && !isOver()) await delay(LOOK_MS);
    },
  };
};
