import type { Slug } from '../../domain/names.ts';
import type { NoticeType } from '../../domain/notification.ts';
import type { Notifier } from '../../ports/notifier.ts';

/** One receiver of the configuration. */
export interface NoticeTarget {
  readonly name: Slug;
  /** The kinds of events that it is given. */
  readonly events: ReadonlySet<NoticeType>;
  readonly notifier: Notifier;
}

/** Whom a Librarian tells, and when it calls a promotion stuck. */
export interface NoticeSettings {
  readonly targets: readonly NoticeTarget[];
  /** How long a step may be open, in milliseconds. */
  readonly stuckAfterMs: number;
}

/** {@link NoticeSettings} of one process, with a bell between who tells and who delivers. */
export interface Notices extends NoticeSettings {
  /** Wakes whoever waits for something to deliver. */
  readonly ring: () => void;
  /** Aborted at the next {@link Notices.ring}. */
  readonly rung: () => AbortSignal;
}

/** What one process needs to tell people. */
export const noticesOf = (settings: NoticeSettings): Notices => {
  let bell = new AbortController();
  return {
    ...settings,
    ring: () => {
      bell.abort();
      bell = new AbortController();
    },
    rung: () => bell.signal,
  };
};
