import { explainNotice, type Notification } from '../../domain/notification.ts';
import { formatInstant } from '../../domain/time.ts';

/** Slack's three characters of control: unescaped, a reason could mention a whole channel or hide where a link leads. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A section holds at most so many characters. */
const SECTION_LENGTH_MAX = 3_000;

/** Cuts off between two characters, and inside no escape. */
const cut = (text: string): string =>
  text.length <= SECTION_LENGTH_MAX
    ? text
    : text.slice(0, SECTION_LENGTH_MAX - 1).replace(/(?:&[a-z]*|[\ud800-\udbff])$/, '') + '…';

/**
 * An event as a message of Slack's incoming webhooks: the event in words, and below it where it is from, when it was, and
 * its id. `text` is what notifications and screen readers show.
 */
export const slackMessage = (notification: Notification): object => {
  const text = cut(escaped(explainNotice(notification)));
  const { source, at, id } = notification;
  return {
    text: `${escaped(source)}: ${text}`,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } },
      {
        type: 'context',
        elements: [
          {
            type: 'plain_text',
            text: `${source} · ${formatInstant(at)} · ${id}`.slice(0, SECTION_LENGTH_MAX),
            emoji: false,
          },
        ],
      },
    ],
  };
};
