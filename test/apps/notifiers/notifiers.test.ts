/** Who is told: what the configuration may say, and what becomes of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { EXAMPLE_NOTICES } from '../../../src/adapters/contracts/index.ts';
import { decodeConfig } from '../../../src/apps/config.ts';
import { formatFailure } from '../../../src/apps/failure.ts';
import { openNotifiers } from '../../../src/apps/notifiers/main.ts';
import { NOTICE_TYPES, notificationOf } from '../../../src/domain/notification.ts';
import { epochMs } from '../../../src/domain/time.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { startReceiver } from '../../support/receiver.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const clock = { now: () => epochMs(1_767_614_400_000) };
const url = 'https://hooks.example.com/t0p-s3cret';
const pager = { name: 'pager', kind: 'webhook', url };
const chat = { name: 'chat', kind: 'slack', url };

const parse = (text: string): E.Either<string, unknown> => E.right(JSON.parse(text));
const decode = (...notify: readonly object[]) => decodeConfig({ notify }, {}, parse);
const refusal = (...notify: readonly object[]): string => {
  const decoded = decode(...notify);
  return E.isLeft(decoded) ? formatFailure(decoded.left) : 'nothing';
};

const open = async (directory: string, ...notify: readonly object[]) => {
  const config = decode(...notify);
  if (E.isLeft(config)) throw new Error(formatFailure(config.left));
  return openNotifiers({ config: config.right, pathOf: (path) => join(directory, path) }, clock);
};

describe('notify', () => {
  it.each([
    [[]],
    [[pager, chat]],
    [[{ ...pager, url: undefined, url_file: 'url' }]],
    [[{ ...pager, url: 'http://127.0.0.1:9/hook' }]],
    [[{ ...pager, url: 'http://hooks.example.com/', allow_http: true }]],
    [[{ ...pager, events: ['promotion.stuck'], secret_file: 'secret' }]],
  ])('may be %j', (notify) => {
    expect(refusal(...notify)).toBe('nothing');
  });

  it.each([
    [[{ ...pager, url: undefined }], 'notify.0: expected either url or url_file, got an object'],
    [[{ ...pager, url_file: 'url' }], 'notify.0: expected either url or url_file, got an object'],
    [
      [{ ...pager, url: 'http://hooks.example.com/t0p-s3cret' }],
      'notify.0: expected url: an https: URL, or with allow_http: true an http: one, got an object',
    ],
    [
      [{ ...pager, url: 't0p-s3cret' }],
      'notify.0: expected url: an https: URL, or with allow_http: true an http: one, got an object',
    ],
    [
      [{ ...chat, secret_file: 'secret' }],
      'notify.0: expected no secret_file, since Slack checks no signature, got an object',
    ],
    [[pager, pager], 'notify: expected at most 16 receivers with a name each, got a list of 2'],
    [[{ ...pager, kind: 'pigeon' }], 'notify.0.kind: expected webhook or slack, got "pigeon"'],
    [
      [{ ...pager, events: ['promotion.begun'] }],
      `notify.0.events.0: expected one of ${NOTICE_TYPES.join(', ')}, got "promotion.begun"`,
    ],
  ])('may not be %j', (notify, expected) => {
    expect(refusal(...notify)).toBe(expected);
    expect(refusal(...notify)).not.toContain('s3cret');
  });

  it('may be told by the environment', () => {
    const decoded = decodeConfig({}, { SIGNALBOX_NOTIFY: JSON.stringify([chat]) }, parse);
    expect(E.isRight(decoded) ? decoded.right.notify.map(({ name }) => name) : []).toEqual(['chat']);
  });
});

describe('openNotifiers', () => {
  it('reads addresses and secrets from files, and signs what is to be signed', () =>
    inTemporaryDirectory(async (directory) => {
      const receiver = await startReceiver();
      try {
        await writeFile(join(directory, 'url'), `${receiver.url.href}\n`, { mode: 0o440 });
        await writeFile(join(directory, 'secret'), `${SECRET}\n`, { mode: 0o400 });
        const [at] = [{ url: undefined, url_file: 'url' }];
        const opened = await open(
          directory,
          { ...pager, ...at, secret_file: 'secret', events: ['hold.added'] },
          { ...pager, ...at, name: 'plain' },
          { ...chat, ...at },
        );
        if (E.isLeft(opened)) throw new Error(formatFailure(opened.left));
        expect(opened.right.map(({ name, events }) => [name, events.size])).toEqual([
          ['pager', 1],
          ['plain', NOTICE_TYPES.length],
          ['chat', NOTICE_TYPES.length],
        ]);
        const [notice] = EXAMPLE_NOTICES;
        if (notice === undefined) throw new Error('expected an example');
        for (const { notifier } of opened.right) await notifier.send(notificationOf('web', notice, 'a', clock.now()));
        const signatures = receiver.taken.map(({ headers }) => typeof headers['webhook-signature']);
        expect(signatures).toEqual(['string', 'undefined', 'undefined']);
        expect(JSON.parse(receiver.taken[2]?.body ?? '')).toHaveProperty('blocks');
      } finally {
        await receiver.close();
      }
    }));

  it.each([
    [{ ...pager, url: undefined, url_file: 'missing' }, /^notify\.pager\.url_file: ENOENT/],
    [{ ...pager, url: undefined, url_file: 'bad' }, /^notify\.pager\.url_file: expected an https: URL/],
    [{ ...pager, secret_file: 'missing' }, /^notify\.pager\.secret_file: ENOENT/],
    [
      { ...pager, secret_file: 'open' },
      /^notify\.pager\.secret_file: .*only its owner and group can read, got mode 0644/,
    ],
    [{ ...pager, secret_file: 'bad' }, /^notify\.pager\.secret_file: expected `whsec_` and 24 to 64 bytes as base64/],
  ])('refuses %j, and shows no secret', (settings, expected) =>
    inTemporaryDirectory(async (directory) => {
      await writeFile(join(directory, 'bad'), 'http://t0p-s3cret', { mode: 0o400 });
      await writeFile(join(directory, 'open'), SECRET, { mode: 0o644 });
      const opened = await open(directory, settings);
      const detail = E.isLeft(opened) ? formatFailure(opened.left) : '';
      expect(detail).toMatch(expected);
      expect(detail).not.toContain('s3cret');
    }),
  );
});
