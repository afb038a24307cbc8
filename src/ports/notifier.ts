import type { Notification } from '../domain/notification.ts';

/** How one attempt to give an event to a receiver ended. */
export type Delivered =
  /** The receiver says that it has it. */
  | { readonly _tag: 'Delivered' }
  /** The receiver says that it will not take this event, however often it is asked. */
  | { readonly _tag: 'Refused'; readonly detail: string }
  | {
      readonly _tag: 'Failed';
      readonly detail: string;
      /** How long the receiver asks to be left alone, in milliseconds; absent: it did not say. */
      readonly retryAfterMs?: number;
    };

/** One receiver of events. */
export interface Notifier {
  /**
   * Gives the receiver one event. It may have been given it before, under the same id: an answer may have been lost.
   * Never rejects, and ends within half a minute, whatever the receiver does. What it says of a failure names no secret.
   */
  readonly send: (notification: Notification) => Promise<Delivered>;
}
