/** docs/operating.md: its code verifies what is really sent, and its lists are whole. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXAMPLE_NOTICES } from '../../src/adapters/contracts/index.ts';
import { webhookNotifier, webhookSecret } from '../../src/adapters/webhook/index.ts';
import { decodeConfig } from '../../src/apps/config.ts';
import { formatFailure } from '../../src/apps/failure.ts';
import { decodeJsonWith } from '../../src/domain/decoding.ts';
import { explainNotice, NOTICE_TYPES, NotificationField, notificationOf } from '../../src/domain/notification.ts';
import { epochMs } from '../../src/domain/time.ts';
import { inTemporaryDirectory } from '../support/contract.ts';
import { startReceiver } from '../support/receiver.ts';

const text = readFileSync(fileURLToPath(new URL('../../docs/operating.md', import.meta.url)), 'utf8');

const blockOf = (language: string): string => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? '';

type IsGenuine = (secret: string, headers: object, body: string, nowSeconds: number) => boolean;

describe('docs/operating.md', () => {
  it('verifies what is really sent', () =>
    inTemporaryDirectory(async (directory) => {
      const file = join(directory, 'verify.ts');
      await writeFile(file, `${blockOf('ts')}\nexport { isGenuine };\n`);
      const { isGenuine } = (await import(pathToFileURL(file).href)) as { readonly isGenuine: IsGenuine };
      const secretText = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
      const secret = webhookSecret(secretText);
      if (secret === undefined) throw new Error('expected a secret');
      const receiver = await startReceiver();
      try {
        const notifier = webhookNotifier({ url: receiver.url, secret, now: () => epochMs(1_767_614_400_000) });
        for (const notice of EXAMPLE_NOTICES) await notifier.send(notificationOf('web', notice, 'a', epochMs(0)));
        expect(receiver.taken).toHaveLength(EXAMPLE_NOTICES.length);
        for (const { headers, body } of receiver.taken) {
          expect(isGenuine(secretText, headers, body, 1_767_614_400)).toBe(true);
          expect(isGenuine(secretText, headers, `${body} `, 1_767_614_400)).toBe(false);
          expect(isGenuine(`whsec_${'A'.repeat(32)}`, headers, body, 1_767_614_400)).toBe(false);
        }
      } finally {
        await receiver.close();
      }
    }));

  it('shows an event as it is sent', () => {
    const decoded = decodeJsonWith(NotificationField)(blockOf('json'));
    if (E.isLeft(decoded)) throw new Error(JSON.stringify(decoded.left));
    expect(NotificationField.encode(decoded.right)).toEqual(JSON.parse(blockOf('json')));
    expect(blockOf('json')).toContain(explainNotice(decoded.right));
  });

  it('lists every kind of event', () => {
    const listed = [...text.matchAll(/^\| (`[a-z]+\.[a-z_]+`(?:, `[a-z]+\.[a-z_]+`)*) \|/gm)].flatMap(
      ([, names = '']) => names.replaceAll('`', '').split(', '),
    );
    expect(listed).toEqual(NOTICE_TYPES);
  });

  it('shows a configuration that is taken', () => {
    const decoded = decodeConfig(parse(blockOf('yaml')), {}, () => E.left(''));
    expect(E.isLeft(decoded) ? formatFailure(decoded.left) : 'taken').toBe('taken');
  });
});
