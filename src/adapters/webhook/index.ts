/**
 * Receivers of events over HTTP: a webhook that is signed as Standard Webhooks has it, and an incoming webhook of Slack.
 *
 * @module
 */
export type { Posting } from './post-json.ts';
export { signWebhook, type WebhookHeaders, type WebhookSecret, webhookSecret } from './sign-webhook.ts';
export { slackMessage } from './slack-message.ts';
export { slackNotifier } from './slack-notifier.ts';
export { webhookNotifier, type WebhookSettings } from './webhook-notifier.ts';
