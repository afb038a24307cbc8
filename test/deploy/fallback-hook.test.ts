/** deploy/fallback-hook.sh tells receivers what a Librarian would, signed in the same way. */
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decodeWith } from '../../src/domain/decoding.ts';
import { explainNotice, NotificationField } from '../../src/domain/notification.ts';
import { inTemporaryDirectory } from '../support/contract.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { whichExecutable } from '../support/which-executable.ts';

const SCRIPT = fileURLToPath(new URL('../../deploy/fallback-hook.sh', import.meta.url));
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const run = (conf: string, ...args: readonly string[]): Promise<{ readonly code: unknown; readonly stderr: string }> =>
  new Promise((resolve) => {
    execFile(
      'sh',
      [SCRIPT, ...args],
      { env: { ...process.env, SIGNALBOX_FALLBACK_HOOK_CONF: conf } },
      (error, _out, stderr) => {
        resolve({ code: error === null ? 0 : error.code, stderr });
      },
    );
  });

const fire = (lines: readonly string[], act: (receiver: Receiver, conf: string) => Promise<void>): Promise<void> =>
  inTemporaryDirectory(async (directory) => {
    const receiver = await startReceiver();
    const conf = join(directory, 'fallback-hook.conf');
    await writeFile(conf, [`URL=${receiver.url.href}`, 'NODE_NAME=web-17.example.com', ...lines].join('\n'));
    try {
      await act(receiver, conf);
    } finally {
      await receiver.close();
    }
  });

const missing = ['curl', 'openssl', 'sh'].filter((name) => whichExecutable(name) === undefined);

describe.skipIf(missing.length > 0)(`the fallback's hook (skipped where there is no curl, openssl or sh)`, () => {
  it.each(['Succeeded', 'Failed', 'Drill'])(
    'F6: sends an event that receivers can read, signed: %s',
    async (outcome) => {
      await fire([`SECRET=${SECRET}`], async (receiver, conf) => {
        expect(await run(conf, outcome, 'Overdue')).toEqual({ code: 0, stderr: '' });
        const [{ headers, body } = { headers: {}, body: '' }] = receiver.taken;
        const decoded = decodeWith(NotificationField)(JSON.parse(body));
        if (E.isLeft(decoded)) throw new Error(JSON.stringify(decoded.left));
        expect(decoded.right).toMatchObject({
          type: 'fallback.fired',
          source: 'web-17.example.com',
          data: { node: 'web-17.example.com', outcome, reason: 'Overdue' },
        });
        expect(JSON.parse(body)).toMatchObject({ text: explainNotice(decoded.right) });
        const id = String(headers['webhook-id']);
        const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
        const signed = `${id}.${String(headers['webhook-timestamp'])}.${body}`;
        expect(id).toMatch(/^msg_[\w-]{43}$/);
        expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
      });
    },
  );

  it('sends Slack a message, and no signature', async () => {
    await fire(['KIND=slack'], async (receiver, conf) => {
      expect(await run(conf, 'Failed', 'Overdue')).toEqual({ code: 0, stderr: '' });
      const [{ headers, body } = { headers: {}, body: '' }] = receiver.taken;
      expect(JSON.parse(body)).toEqual({ text: 'the fallback fired on web-17.example.com: Failed (Overdue)' });
      expect(headers).not.toHaveProperty('webhook-signature');
    });
  });

  it('puts nothing into JSON that could end a text there', async () => {
    await fire([], async (receiver, conf) => {
      expect(await run(conf, 'Failed', 'a","b":"c\\\n$(id)')).toMatchObject({ code: 0 });
      expect(JSON.parse(receiver.taken[0]?.body ?? '')).toMatchObject({ data: { reason: 'abcid' } });
    });
  });

  it('fails where the receiver does, and names no address', async () => {
    await fire([], async (receiver, conf) => {
      await receiver.become('Refuses');
      const { code, stderr } = await run(conf, 'Failed', 'Overdue');
      expect(code).not.toBe(0);
      expect(stderr).toContain('400');
      expect(stderr).not.toContain('s3cret');
    });
  });

  it('refuses a setting that nobody knows', async () => {
    await fire(['URI=https://example.com'], async (receiver, conf) => {
      expect(await run(conf, 'Failed', 'Overdue')).toMatchObject({ code: 78 });
      expect(receiver.taken).toEqual([]);
    });
  });
});

it.skipIf(whichExecutable('shellcheck') === undefined)(
  'the hook passes shellcheck (skipped where there is none)',
  async () => {
    const stdout = await new Promise((resolve) => {
      execFile('shellcheck', [SCRIPT], (_error, out) => resolve(out));
    });
    expect(stdout).toBe('');
  },
);
