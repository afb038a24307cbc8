/**
 * The signature of a webhook, as the Standard Webhooks specification 1.0 has it: an HMAC with SHA-256 over id, time and
 * body, so that a receiver knows who sent an event, that nobody changed it, and that it is not an old one again.
 *
 * @module
 */
import { createHmac } from 'node:crypto';

declare const secretBrand: unique symbol;

/** The key that sender and receiver share. */
export type WebhookSecret = Uint8Array & { readonly [secretBrand]: true };

const PREFIX = 'whsec_';
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

/** Reads a secret, `whsec_` and 24 to 64 bytes as base64; nothing when it is none. */
export const webhookSecret = (text: string): WebhookSecret | undefined => {
  const encoded = text.trim();
  if (!encoded.startsWith(PREFIX)) return undefined;
  const base64 = encoded.slice(PREFIX.length);
  const bytes = Buffer.from(base64, 'base64');
  const isWhole = bytes.toString('base64') === base64;
  return isWhole && bytes.length >= SECRET_BYTES_MIN && bytes.length <= SECRET_BYTES_MAX
    ? (bytes as Uint8Array as WebhookSecret)
    : undefined;
};

/** The headers that a receiver checks. */
export type WebhookHeaders = Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>;

/**
 * Signs `body`.
 *
 * @param id - the same for the same event; without a full stop, which separates the parts of what is signed.
 * @param epochSeconds - when it is sent: receivers refuse what is minutes away from their own clock.
 */
export const signWebhook = (secret: WebhookSecret, id: string, epochSeconds: number, body: string): WebhookHeaders => ({
  'webhook-id': id,
  'webhook-timestamp': String(epochSeconds),
  'webhook-signature': `v1,${createHmac('sha256', secret).update(`${id}.${epochSeconds}.${body}`).digest('base64')}`,
});
