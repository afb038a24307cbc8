import { notifierContract, type NotifierHarness } from '../../src/adapters/contracts/index.ts';
import { memoryNotifier } from '../../src/adapters/memory/index.ts';
import { slackNotifier, webhookNotifier } from '../../src/adapters/webhook/index.ts';
import { epochMs } from '../../src/domain/time.ts';
import type { Notifier } from '../../src/ports/notifier.ts';
import { keepsContract } from '../support/contract.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

keepsContract(
  'notifier',
  'memory',
  notifierContract(async () => {
    const notifier = memoryNotifier();
    return {
      notifier,
      taken: () => notifier.taken.map(({ id }) => id),
      become: async (mood) => {
        if (mood === 'Takes') notifier.answer({ _tag: 'Delivered' });
        else if (mood === 'Fails') notifier.answer({ _tag: 'Failed', detail: 'busy' });
        else if (mood === 'Refuses') notifier.answer({ _tag: 'Refused', detail: 'no' });
        else return false;
        return true;
      },
      tearDown: async () => undefined,
    };
  }),
);

const onReceiver = async (
  make: (receiver: Receiver) => Notifier,
  idOf: (body: string) => string,
): Promise<NotifierHarness> => {
  const receiver = await startReceiver();
  return {
    notifier: make(receiver),
    taken: () => receiver.taken.map(({ body }) => idOf(body)),
    become: async (mood) => {
      await receiver.become(mood);
      return true;
    },
    tearDown: receiver.close,
  };
};

const DEADLINE_MS = 500;

keepsContract(
  'notifier',
  'webhook',
  notifierContract(() =>
    onReceiver(
      ({ url }) => webhookNotifier({ url, deadlineMs: DEADLINE_MS, now: () => epochMs(0) }),
      (body) => (JSON.parse(body) as { readonly id: string }).id,
    ),
  ),
);

interface SlackMessage {
  readonly blocks: readonly { readonly elements?: readonly { readonly text: string }[] }[];
}

keepsContract(
  'notifier',
  'slack',
  notifierContract(() =>
    onReceiver(
      ({ url }) => slackNotifier({ url, deadlineMs: DEADLINE_MS }),
      (body) => (JSON.parse(body) as SlackMessage).blocks.at(-1)?.elements?.[0]?.text.split(' · ').at(-1) ?? '',
    ),
  ),
);
