import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { EXAMPLE_NOTICES } from '../../../src/adapters/contracts/index.ts';
import {
  signWebhook,
  slackMessage,
  webhookNotifier,
  type WebhookSecret,
  webhookSecret,
} from '../../../src/adapters/webhook/index.ts';
import { decodeWith } from '../../../src/domain/decoding.ts';
import { type Notice, NotificationField, notificationOf, noticeText } from '../../../src/domain/notification.ts';
import { epochMs } from '../../../src/domain/time.ts';
import * as E from 'fp-ts/lib/Either.js';
import { version } from '../../support/slack.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';

/** Published with the reference libraries of Standard Webhooks. */
const VECTOR = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  epochSeconds: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

const secretOf = (text: string): WebhookSecret => {
  const secret = webhookSecret(text);
  if (secret === undefined) throw new Error('expected a secret');
  return secret;
};

describe('signWebhook', () => {
  it('signs the published example as it is published', () => {
    const { secret, id, epochSeconds, body, signature } = VECTOR;
    expect(signWebhook(secretOf(secret), id, epochSeconds, body)).toEqual({
      'webhook-id': id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': signature,
    });
  });
});

describe('webhookSecret', () => {
  it('takes the end of a line that a file has', () => {
    expect(webhookSecret(`${VECTOR.secret}\n`)).toEqual(webhookSecret(VECTOR.secret));
  });

  it.each([
    '',
    'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'whsec_',
    `whsec_${Buffer.alloc(23).toString('base64')}`,
    `whsec_${Buffer.alloc(65).toString('base64')}`,
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  ])('refuses %j', (text) => {
    expect(webhookSecret(text)).toBeUndefined();
  });
});

const AT = epochMs(1_767_616_300_900);
const [DONE] = EXAMPLE_NOTICES.map((notice) => notificationOf('web', notice, 'example', AT));
if (DONE === undefined) throw new Error('expected an example');

describe('webhookNotifier', () => {
  let receiver: Receiver | undefined;
  afterEach(() => receiver?.close());

  it('sends what receivers decode to the same event, signed over the very bytes', async () => {
    receiver = await startReceiver();
    const secret = secretOf(VECTOR.secret);
    const notifier = webhookNotifier({ url: receiver.url, secret, now: () => AT });
    for (const notice of EXAMPLE_NOTICES) {
      const sent = notificationOf('web', notice, 'example', AT);
      expect(await notifier.send(sent)).toEqual({ _tag: 'Delivered' });
      const { headers, body } = receiver.taken.at(-1) ?? { headers: {}, body: '' };
      const id = String(headers['webhook-id']);
      expect(id).toMatch(/^msg_[\w-]{43}$/);
      expect(headers['webhook-timestamp']).toBe('1767616300');
      const expected = createHmac('sha256', secret).update(`${id}.1767616300.${body}`).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${expected}`);
      expect(headers['content-type']).toBe('application/json');
      const decoded = decodeWith(NotificationField)(JSON.parse(body));
      expect(decoded).toEqual(E.right({ ...sent, at: AT }));
    }
    expect(new Set(receiver.taken.map(({ headers }) => headers['webhook-id'])).size).toBe(EXAMPLE_NOTICES.length);
  });

  it('sends the same id for the same event, and no signature without a secret', async () => {
    receiver = await startReceiver();
    const notifier = webhookNotifier({ url: receiver.url, now: () => AT });
    await notifier.send(DONE);
    await notifier.send({ ...DONE, at: epochMs(AT + 60_000) });
    const [first, second] = receiver.taken.map(({ headers }) => headers);
    expect(first?.['webhook-id']).toBe(second?.['webhook-id']);
    expect(first).not.toHaveProperty('webhook-signature');
  });

  it.each([
    ['Fails', { _tag: 'Failed', detail: 'answered 503: busy and more', retryAfterMs: 7_000 }],
    ['Refuses', { _tag: 'Refused', detail: 'answered 400: invalid_payload' }],
    ['Redirects', { _tag: 'Failed', detail: 'answered 307' }],
    ['Gone', { _tag: 'Failed', detail: 'ECONNREFUSED' }],
    ['Hangs', { _tag: 'Failed', detail: 'no whole answer within 200 ms' }],
  ] as const)('says what a receiver said that %s, and never where it is', async (mood, answer) => {
    receiver = await startReceiver();
    await receiver.become(mood);
    const delivered = await webhookNotifier({ url: receiver.url, now: () => AT, deadlineMs: 200 }).send(DONE);
    expect(delivered).toEqual(answer);
    expect(JSON.stringify(delivered)).not.toContain('s3cret');
  });
});

const textOf = (notice: Notice): string => {
  const message = slackMessage(notificationOf('web', notice, 'example', AT));
  const { blocks } = message as { readonly blocks: readonly { readonly text?: { readonly text: string } }[] };
  return blocks[0]?.text?.text ?? '';
};

describe('slackMessage', () => {
  const rejected = (reason: string): Notice => ({
    type: 'version.rejected',
    data: { version: version('1.0.1'), by: 'anna', reason },
  });

  it('has the event in words, and where it is from', () => {
    expect(slackMessage(DONE)).toEqual({
      text: 'web: prod-1 is on 1.0.1 on basalt',
      blocks: [
        { type: 'section', text: { type: 'mrkdwn', text: 'prod-1 is on 1.0.1 on basalt', verbatim: true } },
        {
          type: 'context',
          elements: [
            {
              type: 'plain_text',
              text: 'web · 2026-01-05T12:31:40.9Z · web/promotion.done/example',
              emoji: false,
            },
          ],
        },
      ],
    });
  });

  it('lets nobody mention a channel or write a link', () => {
    expect(textOf(rejected('<!channel> <https://evil.example|fine> a & b'))).toBe(
      '1.0.1 is rejected by anna: &lt;!channel&gt; &lt;https://evil.example|fine&gt; a &amp; b',
    );
  });

  it.each(['&'.repeat(2_000), `a${'<'.repeat(2_000)}`, '\u{1f6a6}'.repeat(2_000), `a${'\u{1f6a6}'.repeat(2_000)}`])(
    'is cut off inside no escape and no character',
    (reason) => {
      const text = textOf(rejected(reason));
      expect(text.length).toBeLessThanOrEqual(3_000);
      expect(text).toMatch(/(?:;|\u{1f6a6})…$/u);
    },
  );
});

describe('noticeText', () => {
  it('keeps what others wrote on one line, and short', () => {
    expect(noticeText('a\r\n\tb\u2028c\u0000')).toBe('a b c ');
    expect(noticeText('x'.repeat(5_000))).toHaveLength(1024);
  });
});
