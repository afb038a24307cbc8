import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as O from 'fp-ts/lib/Option.js';
import { streamed } from '../../src/adapters/contracts/example-artifact.ts';
import {
  filesystemArtifactStore,
  filesystemSignalBus,
  filesystemStateStore,
} from '../../src/adapters/filesystem/index.ts';
import { systemClock } from '../../src/adapters/system-clock/index.ts';
import { addArtifact } from '../../src/apps/librarian/add-artifact.ts';
import { promote } from '../../src/apps/librarian/intervene.ts';
import type { LibrarianPorts } from '../../src/apps/librarian/librarian-ports.ts';
import { fakeStack } from '../support/chef-servers.ts';
import { BASALT, IRONSTONE, must, tarballOf, TESTER, world } from '../support/librarian-world.ts';
import { environmentName, version } from '../support/slack.ts';
import { medianOf } from './compare.ts';
import type { Section } from './section.ts';

const VERSIONS = ['1.0.1', '1.0.2'];
const PROMOTIONS = 20;

/** `port`, adding up how long its calls take until each has been answered. */
const timed = <A extends object>(port: A, spent: { ms: number }): A =>
  new Proxy(port, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...given: readonly unknown[]): unknown => {
        const start = performance.now();
        const answer: unknown = Reflect.apply(value, target, given);
        if (answer instanceof Promise) void answer.then(() => (spent.ms += performance.now() - start));
        return answer;
      };
    },
  });

/** How long promotions take, and how long the calls that each of them makes, in milliseconds. */
const promotions = async (root: string): Promise<readonly { readonly ms: number; readonly ioMs: number }[]> => {
  const spent = { ms: 0 };
  const stacks = await Promise.all([BASALT, IRONSTONE].map((name) => fakeStack({}, {}, name)));
  const ports: LibrarianPorts = {
    ...world().librarian(),
    clock: systemClock(),
    bus: timed(filesystemSignalBus(join(root, 'bus')), spent),
    state: timed(filesystemStateStore(join(root, 'state')), spent),
    artifacts: timed(filesystemArtifactStore(join(root, 'artifacts')), spent),
    chefServers: new Map(stacks.map(({ server }) => [server.stack, timed(server, spent)])),
  };
  for (const name of VERSIONS) must(await addArtifact(ports)(streamed(tarballOf(name)), TESTER)());
  const taken: { readonly ms: number; readonly ioMs: number }[] = [];
  for (let nth = 0; nth < PROMOTIONS; nth++) {
    const name = VERSIONS[nth % VERSIONS.length] ?? '';
    const request = {
      version: version(name),
      environment: environmentName('image'),
      stack: O.none,
      splaySeconds: O.none,
    };
    spent.ms = 0;
    const start = performance.now();
    const { troubles } = must(await promote(ports)(TESTER, request)());
    if (troubles.length > 0)
      throw new Error(`expected a promotion, got ${troubles.map(({ detail }) => detail).join('; ')}`);
    taken.push({ ms: performance.now() - start, ioMs: spent.ms });
  }
  await Promise.all(stacks.map((stack) => stack.close()));
  return taken;
};

/** A promotion by hand over two stacks, on files and over HTTP. */
export const promotionLatency: Section = {
  name: 'promotion-latency',
  what: 'a promotion over two stacks: state, signals and artifacts on files, Chef servers on loopback',
  alternative: 'the sum of its own calls to those, one after the other',
  goal: { _tag: 'RatioAtMost', ratio: 1.3 },
  measure: async ({ simulations }) => {
    const rounds: { readonly ms: number; readonly ioMs: number }[] = [];
    for (let round = 0; round < simulations; round++) {
      const root = await mkdtemp(join(tmpdir(), 'signalbox-bench-'));
      try {
        rounds.push(...(await promotions(root)).slice(1));
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    }
    const ratios = rounds.map(({ ms, ioMs }) => ms / ioMs);
    return {
      _tag: 'Measured',
      ratio: medianOf(ratios),
      ratioRange: [Math.min(...ratios), Math.max(...ratios)],
      perSecond: 1_000 / medianOf(rounds.map(({ ms }) => ms)),
      alternativePerSecond: 1_000 / medianOf(rounds.map(({ ioMs }) => ioMs)),
    };
  },
};
