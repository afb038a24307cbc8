/**
 * Telling people: what happened goes into an outbox that all Librarians of the plan share, and from there to the receivers
 * of the configuration. None of it is in the way of a promotion: a receiver is never waited for, and an outbox that cannot
 * be written is a line in the log.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { type Notice, type Notification, notificationOf, promotionNotices } from '../../domain/notification.ts';
import { decodeOutbox, EMPTY_OUTBOX, encodeOutbox, enqueue, type Outbox, type Receiver } from '../../domain/outbox.ts';
import type { TickView } from '../../domain/tick.ts';
import { formatFailure } from '../failure.ts';
import { changeDocument, type DocumentForm } from './change-document.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import type { NoticeTarget } from './notice-settings.ts';

/** Where the outbox of a plan lies. */
export const outboxForm = ({ plan }: Pick<LibrarianPorts, 'plan'>): DocumentForm<Outbox> => ({
  key: `notices/${plan.name}.json`,
  empty: EMPTY_OUTBOX,
  decode: decodeOutbox,
  encode: encodeOutbox,
});

const receiverOf = ({ name, events }: NoticeTarget): Receiver => ({ name, takes: (type) => events.has(type) });

type NoticePorts = Pick<LibrarianPorts, 'plan' | 'state' | 'clock' | 'log' | 'notices'>;

/** Puts into the outbox what is not known there. Never rejects, and never fails. */
const tell = async (ports: NoticePorts, notifications: readonly Notification[]): Promise<void> => {
  const { notices, state, clock } = ports;
  if (notices === undefined || notices.targets.length === 0 || notifications.length === 0) return;
  const receivers = notices.targets.map(receiverOf);
  const told = await changeDocument(state)(outboxForm(ports), (outbox) => {
    const value = enqueue(outbox, notifications, receivers, clock.now());
    return { value, result: value !== outbox };
  })();
  if (E.isRight(told)) {
    if (told.right) notices.ring();
    return;
  }
  const events = notifications.map(({ id }) => id);
  ports.log('error', 'nobody can be told', { events, detail: formatFailure(told.left) });
};

/** Tells of something that happened once. `subject` tells it from every other of its kind. */
export const tellOf = (ports: NoticePorts, notice: Notice, subject: string): Promise<void> =>
  tell(ports, [notificationOf(ports.plan.name, notice, subject, ports.clock.now())]);

/**
 * Tells of the promotions that the pins show to be done or stuck. Asked before a step that is complete is forgotten, so
 * that one whose Librarian died is told of by the next (law L3); told again, it is known by its id (law L8).
 */
export const tellOfPromotions = async (
  ports: NoticePorts,
  view: Pick<TickView, 'pins' | 'memory' | 'now'>,
): Promise<void> => {
  if (ports.notices === undefined) return;
  await tell(ports, promotionNotices({ ...view, plan: ports.plan }, ports.notices.stuckAfterMs));
};
