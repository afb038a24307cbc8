import type { Notifier } from '../../ports/notifier.ts';
import { type Posting, postJson } from './post-json.ts';
import { slackMessage } from './slack-message.ts';

/** Posts events to an incoming webhook of Slack. Whoever knows its URL may post: it is the only secret. */
export const slackNotifier = (posting: Posting): Notifier => ({
  send: (notification) => postJson(posting, JSON.stringify(slackMessage(notification)), {}),
});
