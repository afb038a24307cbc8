/** L3 with real processes: killed at every operation on files of a promotion over two stacks, and taken up by others. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeEnvironmentJson } from '../../../src/adapters/chef-environment/index.ts';
import { artifactSpool } from '../../../src/adapters/artifact-spool/index.ts';
import { streamed } from '../../../src/adapters/contracts/example-artifact.ts';
import {
  chefRepoServer,
  filesystemArtifactStore,
  filesystemSignalBus,
  filesystemStateStore,
} from '../../../src/adapters/filesystem/index.ts';
import { systemClock } from '../../../src/adapters/system-clock/index.ts';
import { addArtifact } from '../../../src/apps/librarian/add-artifact.ts';
import { promote } from '../../../src/apps/librarian/intervene.ts';
import type { LibrarianPorts } from '../../../src/apps/librarian/librarian-ports.ts';
import { tick } from '../../../src/apps/librarian/tick.ts';
import { uploadsOf } from '../../../src/apps/librarian/uploads.ts';
import { silentLog } from '../../../src/apps/log.ts';
import { type AuditRecord, decodeAuditRecord } from '../../../src/domain/audit-record.ts';
import { pinnedVersion } from '../../../src/domain/pin.ts';
import { decodeSignal } from '../../../src/domain/signal.ts';
import { BASALT, DEV, IRONSTONE, must, tarballOf, TESTER } from '../../support/librarian-world.ts';
import { MAIN } from '../../support/run-signalbox.ts';
import { planOf, version } from '../../support/slack.ts';

const STACKS = [BASALT, IRONSTONE] as const;
const PRELOAD = fileURLToPath(new URL('../../support/scripts/kill-at.ts', import.meta.url));
const BEFORE = '1.0.1';
const AFTER = '1.0.2';

// A departure every minute that is never missed: whenever the test runs, one is due.
const PLAN_JSON = {
  name: 'kills',
  stacks: STACKS,
  stages: [{ name: 'latest', kind: 'latest', environments: ['dev'], every: '1m', grace: '1m' }],
} as const;

let template = '';
const made: string[] = [];

/** A Librarian of this process on the files of `directory`, as the executable has it. */
const librarianOn = (directory: string): LibrarianPorts => {
  const clock = systemClock();
  return {
    plan: planOf(PLAN_JSON),
    clock,
    bus: filesystemSignalBus(join(directory, 'bus')),
    state: filesystemStateStore(join(directory, 'state')),
    artifacts: filesystemArtifactStore(join(directory, 'artifacts')),
    chefServers: new Map(STACKS.map((stack) => [stack, chefRepoServer(stack, join(directory, stack))])),
    bucket: 'bucket',
    intake: artifactSpool(join(directory, 'spool')),
    uploads: uploadsOf(clock),
    log: silentLog,
  };
};

const newDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-kills-'));
  made.push(directory);
  return directory;
};

/** A copy of the files in which dev is on the one version, and the other waits for the tick. */
const ready = (): string => {
  const directory = newDirectory();
  cpSync(template, directory, { recursive: true });
  return directory;
};

beforeAll(async () => {
  template = newDirectory();
  writeFileSync(join(template, 'plan.json'), JSON.stringify(PLAN_JSON));
  writeFileSync(
    join(template, 'config.yaml'),
    'plan: plan.json\nbus: bus\nstate: state\nartifacts: artifacts\nchef_servers: { basalt: basalt, ironstone: ironstone }\n',
  );
  const ports = librarianOn(template);
  for (const name of [BEFORE, AFTER]) must(await addArtifact(ports)(streamed(tarballOf(name)), TESTER)());
  const request = { version: version(BEFORE), environment: DEV, stack: O.none, splaySeconds: O.none };
  must(await promote(ports)(TESTER, request)());
});
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** `signalbox train tick` in a process of its own; with `killAt`, one that is sent `signal` before that operation. */
const startTick = (directory: string, killAt?: number, signal = 'SIGKILL'): ChildProcess =>
  spawn(
    process.execPath,
    [...(killAt === undefined ? [] : ['--import', PRELOAD]), MAIN, '--config', 'config.yaml', 'train', 'tick'],
    {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '', KILL_AT: String(killAt), KILL_WITH: signal },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );

/** The exit code, or the signal that ended it. */
const endOf = async (child: ChildProcess): Promise<number | NodeJS.Signals> => {
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (errors !== '' && code !== 75 && code !== 69) throw new Error(errors);
  return code ?? signal ?? 0;
};

/** Everything that a promotion of dev has changed on one stack, as it lies there. */
const placeOf = (directory: string, stack: string) => {
  const environment = readFileSync(join(directory, stack, 'environments', 'dev.json'), 'utf8');
  const decoded = decodeEnvironmentJson(DEV, environment);
  if (E.isLeft(decoded)) throw new Error(decoded.left);
  const signal = readFileSync(join(directory, 'bus', 'chef-run-triggers', stack, 'dev'), 'utf8');
  return {
    environment,
    signal,
    pinned: O.toUndefined(pinnedVersion(decoded.right)),
    told: O.toUndefined(O.fromEither(decodeSignal(signal)))?.manifestRecord.version,
  };
};

/** The audit trail of what happened to dev, which has no gap. */
const trailOf = (directory: string): ReadonlyMap<string, AuditRecord> => {
  const folder = join(directory, 'state', 'audit', 'kills');
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort();
  names.forEach((name, i) => {
    expect(name).toBe(`${String(i + 1).padStart(12, '0')}.json`);
  });
  return new Map(
    names.map((name) => {
      const record = decodeAuditRecord(readFileSync(join(folder, name), 'utf8'));
      if (E.isLeft(record)) throw new Error(`${name} is no audit record`);
      return [`audit/kills/${name}`, record.right];
    }),
  );
};

type Place = ReturnType<typeof placeOf>;

/** What must be so whenever the process is killed: the trail first, the pin next, the signal last. */
const checkAnyTime = (directory: string): readonly Place[] => {
  const isAnnounced = [...trailOf(directory).values()].some(
    (record) =>
      record._tag === 'Intent' && record.details['promotion'] !== undefined && record.details['version'] === AFTER,
  );
  return STACKS.map((stack) => {
    const place = placeOf(directory, stack);
    if (place.pinned === AFTER) expect(isAnnounced, 'L5').toBe(true);
    if (place.told === AFTER) expect(place.pinned, 'L1').toBe(AFTER);
    return place;
  });
};

/** One pin and one signal on each stack, those that were there at the kill; and one outcome for whatever was announced. */
const checkEnd = (directory: string, atKill: readonly Place[]): void => {
  STACKS.forEach((stack, i) => {
    const [place, before] = [placeOf(directory, stack), atKill[i]];
    expect([place.pinned, place.told], stack).toEqual([AFTER, AFTER]);
    if (before?.pinned === AFTER) expect(place.environment, `the pin of ${stack}`).toBe(before.environment);
    if (before?.told === AFTER) expect(place.signal, `the signal of ${stack}`).toBe(before.signal);
  });
  const trail = [...trailOf(directory)];
  const outcomes = trail.flatMap(([, record]) => (record._tag === 'Outcome' ? [record.of] : []));
  const intents = trail.flatMap(([key, record]) => (record._tag === 'Intent' ? [key] : []));
  expect([...outcomes].sort()).toEqual(intents);
};

/** Two ticks: one that finishes what is open, one that sees it closed and completes the trail. */
const takeOver = async (directory: string): Promise<void> => {
  for (let nth = 0; nth < 3; nth++) must(await tick(librarianOn(directory))());
};

/** A process that stops tells nobody, so that one has to look. */
const nextLook = (): Promise<void> => setTimeout(10);

/** A tick makes fewer changes of files than this. */
const OPERATIONS_MAX = 500;

/** Goes through the operations of a tick, every `stride`-th, two at a time, until one comes to its end unharmed. */
const atEvery = async (stride: number, run: (operation: number) => Promise<'harmed' | 'unharmed'>): Promise<number> => {
  let next = 0;
  let unharmedAt = OPERATIONS_MAX;
  const lane = async (): Promise<void> => {
    while (next < unharmedAt) {
      const operation = next;
      next += stride;
      if ((await run(operation)) === 'unharmed') unharmedAt = Math.min(unharmedAt, operation);
    }
  };
  await Promise.all([lane(), lane()]);
  return unharmedAt;
};

const LONG_MS = 600_000;

describe('L3: SIGKILL at every operation of a promotion over two stacks', () => {
  it(
    'L3, fault 62: another instance takes over, and finishes it once and in order',
    async () => {
      const operations = await atEvery(1, async (operation) => {
        const directory = ready();
        const end = await endOf(startTick(directory, operation));
        const atKill = checkAnyTime(directory);
        if (end === 'SIGKILL' && operation % 4 === 0) expect(await endOf(startTick(directory))).toBe(0);
        await takeOver(directory);
        checkEnd(directory, atKill);
        rmSync(directory, { recursive: true });
        return end === 'SIGKILL' ? 'harmed' : 'unharmed';
      });
      // Control state, intent, two pins, two signals, outcome: each is several operations.
      expect(operations).toBeGreaterThan(30);
      expect(operations).toBeLessThan(OPERATIONS_MAX);
    },
    LONG_MS,
  );

  it(
    'L4: of two that tick at once one is killed, and the other or the next finishes it',
    async () => {
      await atEvery(7, async (operation) => {
        const directory = ready();
        const [killed, other] = [startTick(directory, operation), startTick(directory)];
        const ends = await Promise.all([endOf(killed), endOf(other)]);
        expect([0, 75]).toContain(ends[1]);
        const atKill = checkAnyTime(directory);
        await takeOver(directory);
        checkEnd(directory, atKill);
        rmSync(directory, { recursive: true });
        return ends[0] === 'SIGKILL' ? 'harmed' : 'unharmed';
      });
    },
    LONG_MS,
  );

  it(
    'L4: one that stands still while another takes over, and then goes on, does nothing a second time',
    async () => {
      await atEvery(11, async (operation) => {
        const directory = ready();
        const slow = startTick(directory, operation, 'SIGSTOP');
        const ended = endOf(slow);
        const isStopped = (): boolean =>
          existsSync(`/proc/${slow.pid}/stat`) && /\) T /.test(readFileSync(`/proc/${slow.pid}/stat`, 'utf8'));
        const over = { isIt: false };
        const end = (): void => {
          over.isIt = true;
        };
        void ended.then(end, end);
        while (!over.isIt && !isStopped()) await Promise.race([ended, nextLook()]);
        const wasStopped = !over.isIt;
        const atStop = checkAnyTime(directory);
        // What it holds half-written keeps others waiting; they do not finish then, and harm nothing.
        await tick(librarianOn(directory))();
        slow.kill('SIGCONT');
        expect([0, 69, 75]).toContain(await ended);
        await takeOver(directory);
        checkEnd(directory, atStop);
        rmSync(directory, { recursive: true });
        return wasStopped ? 'harmed' : 'unharmed';
      });
    },
    LONG_MS,
  );
});
