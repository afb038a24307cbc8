/** A command tells people before it ends, and ends well whatever they do. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { decodeOutbox } from '../../../src/domain/outbox.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { type Receiver, startReceiver } from '../../support/receiver.ts';
import { runSignalbox } from '../../support/run-signalbox.ts';

const inWorld = (act: (directory: string, receiver: Receiver) => Promise<void>): Promise<void> =>
  inTemporaryDirectory(async (directory) => {
    const receiver = await startReceiver();
    try {
      await mkdir(join(directory, 'chef'));
      const plan = {
        name: 'web',
        stacks: ['basalt'],
        stages: [{ name: 'latest', kind: 'latest', environments: ['dev'], every: '1h' }],
      };
      const config = {
        plan: 'plan.yaml',
        bus: 'bus',
        state: 'state',
        artifacts: 'artifacts',
        chef_servers: { basalt: 'chef' },
        notify: [{ name: 'ops', kind: 'webhook', url: receiver.url.href }],
      };
      await writeFile(join(directory, 'plan.yaml'), JSON.stringify(plan));
      await writeFile(join(directory, 'config.yaml'), JSON.stringify(config));
      await act(directory, receiver);
    } finally {
      await receiver.close();
    }
  });

const hold = (directory: string, id: string) =>
  runSignalbox(
    ['hold', 'add', id, '--scope', 'plan', '--reason', 'holidays', '--owner', 'ada', '--config', 'config.yaml'],
    directory,
    { USER: 'tester' },
  );

const waiting = async (directory: string) => {
  const outbox = decodeOutbox(await readFile(join(directory, 'state/notices/web.json'), 'utf8'));
  return E.isRight(outbox) ? outbox.right.deliveries : [];
};

describe('signalbox hold add', () => {
  it('tells the receivers of the configuration before it ends', () =>
    inWorld(async (directory, receiver) => {
      expect(await hold(directory, 'freeze')).toMatchObject({ code: 0, err: '' });
      expect(receiver.taken.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
        { type: 'hold.added', source: 'web', text: 'hold freeze: plan is held by ada until it is lifted: holidays' },
      ]);
      expect(await waiting(directory)).toEqual([]);
    }));

  it.each(['Gone', 'Fails', 'Redirects'] as const)(
    'is done whatever a receiver does, and leaves what that did not take: %s',
    (mood) =>
      inWorld(async (directory, receiver) => {
        await receiver.become(mood);
        const { code, err } = await hold(directory, 'freeze');
        expect(code).toBe(0);
        expect(err).toContain('a receiver could not be told');
        expect(err).not.toContain('s3cret');
        expect(await waiting(directory)).toMatchObject([{ target: 'ops', failures: 1 }]);
      }),
  );

  it('says nothing to anybody when it does nothing', () =>
    inWorld(async (directory, receiver) => {
      const lifted = await runSignalbox(
        ['hold', 'lift', 'freeze', '--reason', 'over', '--config', 'config.yaml'],
        directory,
        { USER: 'tester' },
      );
      expect(lifted.code).toBe(1);
      expect(receiver.asked()).toBe(0);
    }));
});
