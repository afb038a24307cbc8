/** The Librarian's inbox: what appears is taken in once, what is bad is refused once, and nothing waits for anything else. */
import { gzipSync } from 'node:zlib';
import * as E from 'fp-ts/lib/Either.js';
import { afterEach, describe, expect, it } from 'vitest';
import { HOSTILE_ARTIFACTS, streamed } from '../../../src/adapters/contracts/index.ts';
import { inspectArtifact } from '../../../src/adapters/artifact-format/index.ts';
import { memoryArtifactInbox, type MemoryArtifactInbox } from '../../../src/adapters/memory/index.ts';
import type { LibrarianPorts } from '../../../src/apps/librarian/librarian-ports.ts';
import { watchInbox } from '../../../src/apps/librarian/watch-inbox.ts';
import { decodeInboxRecord, INBOX_BACKOFF, INBOX_LEASE_MS } from '../../../src/domain/inbox-record.ts';
import { MINUTE_MS, plus } from '../../../src/domain/time.ts';
import type { ArtifactInbox } from '../../../src/ports/artifact-inbox.ts';
import { BASALT, IRONSTONE, tarballOf, world, type World } from '../../support/librarian-world.ts';
import { version } from '../../support/slack.ts';

interface Watching {
  readonly on: World;
  readonly inbox: MemoryArtifactInbox;
  readonly ports: LibrarianPorts;
  readonly logged: (readonly [string, string, Readonly<Record<string, unknown>> | undefined])[];
  /** Lets so many looks pass, and all that they set going. */
  readonly looks: (n: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const running: Watching[] = [];
afterEach(async () => {
  for (const watching of running.splice(0)) await watching.stop();
});

/** Counts work whose end takes more than turns of the event loop. */
type Count = <A>(work: Promise<A>) => Promise<A>;

/** So many turns of the event loop without such work, and all has come to rest. */
const QUIET_TURNS = 20;

const settle = async (isBusy: () => boolean): Promise<void> => {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (isBusy()) quiet = 0;
  }
};

const watch = (
  change: (ports: LibrarianPorts, count: Count) => LibrarianPorts = (ports) => ports,
  {
    on = world(),
    inbox = memoryArtifactInbox(),
    holder = 'me',
    seenAs = (own: ArtifactInbox): ArtifactInbox => own,
  } = {},
): Watching => {
  const logged: (readonly [string, string, Readonly<Record<string, unknown>> | undefined])[] = [];
  let pending = 0;
  const count: Count = (work) => {
    pending += 1;
    return work.finally(() => (pending -= 1));
  };
  const made = on.librarian();
  const counted: LibrarianPorts = {
    ...made,
    log: (level, message, fields) => logged.push([level, message, fields]),
    intake: (tarball) => count(made.intake(tarball)),
    chefServers: new Map(
      [...made.chefServers].map(([stack, server]) => [
        stack,
        { ...server, upload: (record, tarball) => count(server.upload(record, tarball)) },
      ]),
    ),
  };
  const ports = change(counted, count);
  const abort = new AbortController();
  const done = watchInbox(ports)({ inbox: seenAs(inbox), everyMs: MINUTE_MS, holder }, abort.signal);
  const watching: Watching = {
    on,
    inbox,
    ports,
    logged,
    looks: async (n) => {
      await settle(() => pending > 0);
      for (let look = 0; look < n; look++) {
        await on.clock.advanceTo(plus(on.clock.now(), MINUTE_MS));
        await settle(() => pending > 0);
      }
    },
    stop: async () => {
      abort.abort();
      await done;
    },
  };
  running.push(watching);
  return watching;
};

const versionsOn = async ({ ports }: Watching, stack = BASALT): Promise<readonly string[]> => {
  const listing = await ports.chefServers.get(stack)?.completeArtifacts();
  return listing?._tag === 'Listed' ? [...listing.sha256ByVersion.keys()].sort() : [];
};

const effects = ({ on }: Watching, what: string): readonly string[] =>
  on.journal.filter((effect) => effect.what === what).map(({ where, version: of }) => of ?? where);

const outcomeOf = async ({ ports }: Watching, name: string) => {
  const reading = await ports.state.read('inbox/world.json');
  const record = reading._tag === 'Found' ? decodeInboxRecord(reading.body) : E.left([]);
  return E.isRight(record) ? record.right.entries.get(name)?.outcome : undefined;
};

/** The audit records that speak of `what`. */
const audited = async (watching: Watching, what: string): Promise<readonly string[]> => {
  const bodies = await Promise.all(
    effects(watching, 'audit').map(async (key) => {
      const reading = await watching.ports.state.read(key);
      return reading._tag === 'Found' ? reading.body : '';
    }),
  );
  return bodies.filter((body) => body.includes(`"what":"${what}"`));
};

describe('what appears in the inbox', () => {
  it('L8: is taken in once and uploaded to every stack, however often it is looked at', async () => {
    const watching = watch();
    watching.inbox.put('a.tar.gz', tarballOf('1.0.1'));
    await watching.looks(5);
    expect(await versionsOn(watching)).toEqual(['1.0.1']);
    expect(await versionsOn(watching, IRONSTONE)).toEqual(['1.0.1']);
    expect(effects(watching, 'artifact')).toEqual(['1.0.1']);
    expect(effects(watching, 'upload')).toEqual(['1.0.1', '1.0.1']);
    expect(await audited(watching, 'add artifact')).toHaveLength(1);
    expect(await outcomeOf(watching, 'a.tar.gz')).toEqual({ _tag: 'Taken', version: '1.0.1' });
  });

  it('is taken in by another Librarian no second time, nor after a restart', async () => {
    const first = watch();
    const { on, inbox } = first;
    const second = watch(undefined, { on, inbox, holder: 'other' });
    inbox.put('a.tar.gz', tarballOf('1.0.1'));
    inbox.put('b.tar.gz', tarballOf('1.0.2'));
    await first.looks(2);
    await second.looks(2);
    await first.stop();
    const third = watch(undefined, { on, inbox, holder: 'restarted' });
    await third.looks(2);
    expect(await audited(third, 'add artifact')).toHaveLength(2);
    expect(effects(third, 'upload')).toHaveLength(4);
  });

  it('L3: is taken in by another Librarian when the first died over it', async () => {
    const never: LibrarianPorts['intake'] = () => new Promise(() => undefined);
    const dead = watch((ports) => ({ ...ports, intake: never }));
    const { on, inbox } = dead;
    inbox.put('a.tar.gz', tarballOf('1.0.1'));
    await dead.looks(1);
    running.splice(0);
    expect(await outcomeOf(dead, 'a.tar.gz')).toMatchObject({ _tag: 'Claimed', holder: 'me' });
    const next = watch(undefined, { on, inbox, holder: 'next' });
    await next.looks(INBOX_LEASE_MS / MINUTE_MS - 2);
    expect(await versionsOn(next)).toEqual([]);
    await next.looks(3);
    expect(await versionsOn(next)).toEqual(['1.0.1']);
  });

  it('fault 70: is not taken while it is half uploaded', async () => {
    const watching = watch();
    const tarball = tarballOf('1.0.1');
    for (const share of [0.3, 0.6, 1]) {
      watching.inbox.put('a.tar.gz', tarball.subarray(0, Math.floor(tarball.length * share)), true);
      await watching.looks(1);
      expect(await outcomeOf(watching, 'a.tar.gz')).toBeUndefined();
    }
    await watching.looks(2);
    expect(await versionsOn(watching)).toEqual(['1.0.1']);
    expect(watching.logged.filter(([level]) => level !== 'info')).toEqual([]);
  });
});

const { tarball: HOSTILE = Buffer.alloc(0) } = HOSTILE_ARTIFACTS['a path with ".."'] ?? {};
const GOOD = tarballOf('1.0.1');
const flipped = (at: number): Buffer => {
  const bytes = Buffer.from(GOOD);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

/** Tarballs that are refused, with what is said of them. */
const BAD: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['half uploaded, and left so', GOOD.subarray(0, GOOD.length >> 1), /expected/],
  ['corrupt', Buffer.from('<html>please log in</html>'), /expected gzip/],
  ['of a wrong checksum', flipped(GOOD.length - 6), /expected gzip.*incorrect data check/],
  ...Object.entries(HOSTILE_ARTIFACTS).map(([name, { tarball }]) => [name, tarball, /expected/] as const),
];

describe('fault 70: what is bad', () => {
  it.each(BAD)('%s: is refused once, recorded, and keeps nobody waiting', async (_name, bytes, reason) => {
    const watching = watch();
    watching.inbox.put('a.tar.gz', bytes);
    watching.inbox.put('b.tar.gz', tarballOf('1.0.2'));
    await watching.looks(4);
    const refusals = await audited(watching, 'refuse artifact');
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatch(reason);
    expect(JSON.parse(refusals[0] ?? '')).toMatchObject({ who: 'inbox', details: { name: 'a.tar.gz' } });
    expect(watching.logged.filter(([, message]) => message === 'artifact refused')).toHaveLength(1);
    expect(await versionsOn(watching)).toEqual(['1.0.2']);

    watching.inbox.put('a.tar.gz', GOOD);
    await watching.looks(1);
    expect(await versionsOn(watching)).toEqual(['1.0.1', '1.0.2']);
  });

  it('a bomb: is refused once', async () => {
    const limits = { entriesMax: 1_000, unpackedBytesMax: 100_000 };
    const watching = watch((ports, count) => ({
      ...ports,
      intake: async (tarball) => {
        const inspected = await count(inspectArtifact(tarball, limits));
        return inspected._tag === 'BadArtifact' ? inspected : { _tag: 'Unavailable', detail: 'not reached' };
      },
    }));
    watching.inbox.put('a.tar.gz', gzipSync(Buffer.alloc(10_000_000)));
    watching.inbox.put('b.tar.gz', Buffer.concat([gzipSync(header(5_000_000)), gzipSync(Buffer.alloc(5_001_000))]));
    await watching.looks(3);
    expect(await audited(watching, 'refuse artifact')).toHaveLength(2);
    expect((await audited(watching, 'refuse artifact')).join()).toContain('to unpack to at most 100000 bytes');
  });

  it('bytes that are not those that were checked: are refused by the store, and recorded', async () => {
    const watching = watch((ports) => ({
      ...ports,
      intake: async (tarball) => {
        const received = await ports.intake(tarball);
        return received._tag === 'Received' ? { ...received, read: () => streamed(HOSTILE) } : received;
      },
    }));
    watching.inbox.put('a.tar.gz', GOOD);
    await watching.looks(2);
    expect(await audited(watching, 'refuse artifact')).toHaveLength(1);
    expect(await outcomeOf(watching, 'a.tar.gz')).toMatchObject({
      reason: expect.stringContaining('tarball') as unknown,
    });
  });

  it('what no store would open: is refused by the inbox, and recorded', async () => {
    const watching = watch(undefined, {
      seenAs: (own) => ({ ...own, open: async () => ({ _tag: 'Refused', detail: 'expected a file, got a link' }) }),
    });
    watching.inbox.put('a.tar.gz', GOOD);
    await watching.looks(2);
    expect(await outcomeOf(watching, 'a.tar.gz')).toEqual({ _tag: 'Refused', reason: 'expected a file, got a link' });
  });
});

/** A tar header of one large file. */
function header(size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write('cookbooks/apt/files/large', 0);
  block.write('0000644\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

describe('fault 71: the same version with other bytes', () => {
  it('is refused once, and the first stays', async () => {
    const watching = watch();
    watching.inbox.put('a.tar.gz', tarballOf('1.0.1'));
    await watching.looks(1);
    watching.inbox.put('b.tar.gz', tarballOf('1.0.1', 'log "other bytes"'));
    await watching.looks(3);
    const refusals = await audited(watching, 'refuse artifact');
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toContain('an artifact is immutable: choose a new version');
    const opened = await watching.ports.artifacts.open(version('1.0.1'));
    expect(opened._tag === 'Opened' ? opened.record.sizeBytes : 0).toBe(tarballOf('1.0.1').length);
  });
});

describe('what fails', () => {
  it('fault 63: a stack that is down holds up neither the other stacks nor the next artifact, and gets it all later', async () => {
    const watching = watch();
    watching.on.down.add(BASALT);
    watching.inbox.put('a.tar.gz', tarballOf('1.0.1'));
    watching.inbox.put('b.tar.gz', tarballOf('1.0.2'));
    await watching.looks(2);
    expect(await versionsOn(watching, IRONSTONE)).toEqual(['1.0.1', '1.0.2']);
    const tries = () => watching.logged.filter(([, message]) => message === 'upload failed').length;
    await watching.looks(60);
    expect(tries()).toBeGreaterThan(4);
    expect(tries()).toBeLessThan(60);
    watching.on.down.clear();
    await watching.looks(Math.ceil(INBOX_BACKOFF.capMs / MINUTE_MS) + 1);
    expect(await versionsOn(watching)).toEqual(['1.0.1', '1.0.2']);
    expect(effects(watching, 'upload')).toHaveLength(4);
    expect(await audited(watching, 'add artifact')).toHaveLength(2);
  });

  it('an artifact that cannot be read or stored now is tried again', async () => {
    let failures = 3;
    const watching = watch(undefined, {
      seenAs: (own) => ({
        ...own,
        open: async (...args) =>
          failures-- > 0 ? { _tag: 'Unavailable', detail: 'the bucket does not answer' } : own.open(...args),
      }),
    });
    watching.inbox.put('a.tar.gz', GOOD);
    await watching.looks(5);
    expect(await versionsOn(watching)).toEqual(['1.0.1']);
    expect(watching.logged.filter(([level]) => level === 'warn')).toHaveLength(3);
    expect(await audited(watching, 'refuse artifact')).toEqual([]);
  });

  it('one that changed between the look and the taking is looked at again', async () => {
    let changes = 1;
    const watching = watch(undefined, {
      seenAs: (own) => ({
        ...own,
        open: async (...args) => (changes-- > 0 ? { _tag: 'Changed' } : own.open(...args)),
      }),
    });
    watching.inbox.put('a.tar.gz', GOOD);
    await watching.looks(2);
    expect(await versionsOn(watching)).toEqual(['1.0.1']);
  });

  it('L5, fault 69: where the audit cannot be written, nothing is taken in or refused, and later both are', async () => {
    const watching = watch();
    watching.on.unwritable.push(/^audit\//);
    watching.inbox.put('a.tar.gz', GOOD);
    watching.inbox.put('b.tar.gz', Buffer.from('bad'));
    await watching.looks(2);
    expect(await outcomeOf(watching, 'a.tar.gz')).toMatchObject({ _tag: 'Failing' });
    expect(await outcomeOf(watching, 'b.tar.gz')).toMatchObject({ _tag: 'Failing' });
    expect(effects(watching, 'artifact')).toEqual([]);
    watching.on.unwritable.splice(0);
    await watching.looks(11);
    expect(await versionsOn(watching)).toEqual(['1.0.1']);
    expect(await outcomeOf(watching, 'b.tar.gz')).toMatchObject({ _tag: 'Refused' });
  });

  it('L4: where the record cannot be written, nothing is begun, and it is said once', async () => {
    const watching = watch();
    watching.on.unwritable.push(/^inbox\//);
    watching.inbox.put('a.tar.gz', GOOD);
    await watching.looks(3);
    expect(effects(watching, 'artifact')).toEqual([]);
    expect(watching.logged.filter(([, message]) => message === 'the inbox cannot be watched').length).toBeLessThan(4);
    watching.on.unwritable.splice(0);
    await watching.looks(2);
    expect(await versionsOn(watching)).toEqual(['1.0.1']);
  });

  it('fault 72: a record that was damaged by hand is said, and left as it is', async () => {
    const watching = watch((ports) => ({
      ...ports,
      state: {
        ...ports.state,
        read: async (key) =>
          key.startsWith('inbox/') ? { _tag: 'Found', body: '{', revision: '1' } : ports.state.read(key),
      },
    }));
    watching.inbox.put('a.tar.gz', GOOD);
    await watching.looks(3);
    expect(effects(watching, 'artifact')).toEqual([]);
    expect(effects(watching, 'control')).toEqual([]);
    expect(JSON.stringify(watching.logged)).toContain('inbox/world.json is damaged');
  });

  it('an inbox that does not answer is said once, and looked at again', async () => {
    let isDown = true;
    const watching = watch(undefined, {
      seenAs: (own) => ({
        ...own,
        list: async () => (isDown ? { _tag: 'Unavailable', detail: 'the bucket does not answer' } : own.list()),
      }),
    });
    watching.inbox.put('a.tar.gz', GOOD);
    await watching.looks(3);
    expect(watching.logged.filter(([, message]) => message === 'the inbox cannot be watched')).toHaveLength(1);
    isDown = false;
    await watching.looks(1);
    expect(await versionsOn(watching)).toEqual(['1.0.1']);
  });
});
