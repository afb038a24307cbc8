import { createHash } from 'node:crypto';
import { type Notification, NotificationField } from '../../domain/notification.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { type Posting, postJson } from './post-json.ts';
import { signWebhook, type WebhookSecret } from './sign-webhook.ts';

/** One receiver of signed events. */
export interface WebhookSettings extends Posting {
  /** None: events are not signed, and the receiver knows by nothing who sends them. */
  readonly secret?: WebhookSecret;
  /** The time that is signed. */
  readonly now: () => EpochMs;
}

/** An id as the header may have it: without a full stop, and no longer than a line. */
const headerId = ({ id }: Notification): string => `msg_${createHash('sha256').update(id).digest('base64url')}`;

/** Posts events as JSON. `webhook-id` is a hash of the event's own id. */
export const webhookNotifier = (settings: WebhookSettings): Notifier => ({
  send: (notification) => {
    const { secret, now } = settings;
    const id = headerId(notification);
    const body = JSON.stringify(NotificationField.encode(notification));
    const headers =
      secret === undefined ? { 'webhook-id': id } : signWebhook(secret, id, Math.floor(now() / 1_000), body);
    return postJson(settings, body, headers);
  },
});
