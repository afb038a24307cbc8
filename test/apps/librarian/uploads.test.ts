/** How far uploads are: in the status of this process and of others, and in the log. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { HOSTILE_ARTIFACTS, streamed } from '../../../src/adapters/contracts/index.ts';
import { addArtifact } from '../../../src/apps/librarian/add-artifact.ts';
import { artifactAdd } from '../../../src/apps/librarian/commands/artifacts.ts';
import { statusCommand } from '../../../src/apps/librarian/commands/status.ts';
import type { LibrarianPorts } from '../../../src/apps/librarian/librarian-ports.ts';
import { statusJson } from '../../../src/apps/librarian/report-json.ts';
import { status } from '../../../src/apps/librarian/status.ts';
import { REPORT_EVERY_MS, reportUploads, uploadsOf, uploadsUnderWay } from '../../../src/apps/librarian/uploads.ts';
import type { Terminal } from '../../../src/apps/cli/terminal.ts';
import { silentLog } from '../../../src/apps/log.ts';
import { formatInstant, MINUTE_MS, plus } from '../../../src/domain/time.ts';
import { add, BASALT, must, NOON, tarballOf, TESTER, world, type World } from '../../support/librarian-world.ts';
import { inTemporaryDirectory } from '../../support/contract.ts';
import { version } from '../../support/slack.ts';

const V1 = version('1.0.1');
const TARBALL = tarballOf('1.0.1');

/** A Librarian whose uploads to basalt stand still after their first piece, until they are let go. */
const stalling = (on: World) => {
  let letGo = (): void => undefined;
  const released = new Promise<void>((resolve) => (letGo = resolve));
  let begun = (): void => undefined;
  const beginning = new Promise<void>((resolve) => (begun = resolve));
  let othersDone = (): void => undefined;
  const others = new Promise<void>((resolve) => (othersDone = resolve));
  const made = on.librarian();
  const ports: LibrarianPorts = {
    ...made,
    chefServers: new Map(
      [...made.chefServers].map(([stack, server]) => [
        stack,
        stack !== BASALT
          ? {
              ...server,
              upload: (record, tarball) => server.upload(record, tarball).finally(() => setImmediate(othersDone)),
            }
          : {
              ...server,
              upload: async (record, tarball, onFiles) => {
                const pieces = tarball[Symbol.asyncIterator]();
                await pieces.next();
                onFiles?.({ done: 2, total: 7 });
                begun();
                await released;
                const rest = { [Symbol.asyncIterator]: () => pieces };
                for await (const _piece of rest);
                return server.upload(record, streamed(TARBALL), onFiles);
              },
            },
      ]),
    ),
  };
  return { ports, reached: Promise.all([beginning, others]), letGo };
};

const terminalOf = (lines: string[], progress?: (line: string) => void): Terminal => ({
  out: (line) => lines.push(line),
  err: (line) => lines.push(line),
  ...(progress === undefined ? {} : { progress }),
  isColoured: false,
  environment: { USER: 'tester' },
  abort: new AbortController().signal,
  log: silentLog,
});

const publishing = (ports: LibrarianPorts, holder: string) => {
  const abort = new AbortController();
  const done = reportUploads(ports, holder, abort.signal);
  return async (): Promise<void> => {
    abort.abort();
    await done;
  };
};

describe('an upload', () => {
  it('counts bytes and files while it is under way, and is gone when it ended', async () => {
    const uploads = uploadsOf({ now: () => NOON });
    const meter = uploads.begin(V1, BASALT, 300);
    const pieces = meter.counted(streamed(Buffer.alloc(300), 100));
    const seen: number[] = [];
    for await (const _piece of pieces) seen.push(uploads.underWay()[0]?.bytesDone ?? -1);
    expect(seen).toEqual([0, 100, 200, 300]);
    meter.onFiles({ done: 1, total: 2 });
    expect(uploads.underWay()).toEqual([
      {
        version: V1,
        stack: BASALT,
        since: NOON,
        bytesDone: 300,
        bytesTotal: 300,
        files: O.some({ done: 1, total: 2 }),
      },
    ]);
    meter.end();
    meter.onFiles({ done: 2, total: 2 });
    expect(uploads.underWay()).toEqual([]);
  });

  it('is shown by the status of its process and of every other, and no longer than it lasts', async () => {
    const on = world();
    const { ports, reached, letGo } = stalling(on);
    const adding = addArtifact(ports)(streamed(TARBALL), TESTER)();
    await reached;
    const stop = publishing(ports, 'one');
    await on.clock.advanceTo(plus(NOON, REPORT_EVERY_MS));

    const shown = { version: '1.0.1', stack: 'basalt', since: formatInstant(NOON), bytes_total: TARBALL.length };
    for (const librarian of [ports, on.librarian()]) {
      const { uploads } = statusJson(must(await status(librarian)()));
      expect(uploads).toMatchObject([{ ...shown, files_done: 2, files_total: 7 }]);
    }
    const lines: string[] = [];
    await statusCommand(on.librarian(), terminalOf(lines), { isJson: false });
    expect(lines.at(-1)).toBe(`uploading 1.0.1 to basalt: 2 of 7 files, since ${formatInstant(NOON)} (10s)`);

    letGo();
    must(await adding);
    expect(await uploadsUnderWay(ports)).toMatchObject([{ version: '1.0.1' }]);
    await stop();
    expect(await uploadsUnderWay(on.librarian())).toEqual([]);
  });

  it('of a process that died is shown for a minute', async () => {
    const on = world();
    const { ports, reached } = stalling(on);
    void addArtifact(ports)(streamed(TARBALL), TESTER)();
    await reached;
    const abort = new AbortController();
    void reportUploads(ports, 'one', abort.signal);
    const other = on.librarian();
    await on.clock.advanceTo(plus(NOON, REPORT_EVERY_MS));
    expect(await uploadsUnderWay(other)).toHaveLength(1);
    const dead = { ...other, clock: { ...other.clock, now: () => plus(on.clock.now(), MINUTE_MS) } };
    expect(await uploadsUnderWay(dead)).toEqual([]);
    abort.abort();
  });

  it('is logged every ten seconds, and says nothing when there is none', async () => {
    const on = world();
    const { ports, reached, letGo } = stalling(on);
    const logged: string[] = [];
    const logging: LibrarianPorts = { ...ports, log: (_level, message) => logged.push(message) };
    const stop = publishing(logging, 'one');
    await on.clock.advanceTo(plus(NOON, MINUTE_MS));
    expect(logged).toEqual([]);
    expect(on.journal).toEqual([]);
    const adding = addArtifact(logging)(streamed(TARBALL), TESTER)();
    await reached;
    await on.clock.advanceTo(plus(NOON, 2 * MINUTE_MS));
    const lines = logged.filter((message) => message === 'uploading');
    expect(lines).toHaveLength(MINUTE_MS / REPORT_EVERY_MS);
    letGo();
    await adding;
    await stop();
  });

  it('that cannot be published is uploaded all the same, and the status does without it', async () => {
    const on = world();
    on.unwritable.push(/^uploads\//);
    const { ports, reached, letGo } = stalling(on);
    const logged: string[] = [];
    const adding = addArtifact(ports)(streamed(TARBALL), TESTER)();
    await reached;
    const stop = publishing({ ...ports, log: (level, message) => logged.push(`${level} ${message}`) }, 'one');
    await on.clock.advanceTo(plus(NOON, REPORT_EVERY_MS));
    expect(logged).toContain('warn how far uploads are cannot be published');
    expect(must(await status(on.librarian())()).uploads).toEqual([]);
    letGo();
    expect(E.isRight(await adding)).toBe(true);
    await stop();
  });
});

describe('signalbox artifact add', () => {
  it.each(Object.entries(HOSTILE_ARTIFACTS))('fault 70: refuses %s, and keeps nothing of it', (_name, { tarball }) =>
    inTemporaryDirectory(async (root) => {
      const file = join(root, 'a.tar.gz');
      await writeFile(file, tarball);
      const on = world();
      const lines: string[] = [];
      const code = await artifactAdd(on.librarian(), terminalOf(lines), { file, reason: O.none, isJson: false });
      expect(code).toBe(65);
      expect(lines).toEqual([expect.stringMatching(/^signalbox: artifact: .*expected/)]);
      expect(on.journal).toEqual([]);
    }),
  );

  it('shows on a terminal how far it is, and wipes that when it is done', () =>
    inTemporaryDirectory(async (root) => {
      const file = join(root, 'a.tar.gz');
      await writeFile(file, TARBALL);
      const on = world();
      const { ports, reached, letGo } = stalling(on);
      const shown: string[] = [];
      const lines: string[] = [];
      const adding = artifactAdd(
        ports,
        terminalOf(lines, (line) => shown.push(line)),
        {
          file,
          reason: O.none,
          isJson: false,
        },
      );
      await reached;
      await on.clock.advanceTo(plus(NOON, 1_000));
      expect(shown.at(-1)).toBe('uploading 1.0.1 to basalt: 2 of 7 files');
      letGo();
      expect(await adding).toBe(0);
      expect(shown.at(-1)).toBe('');
      expect(lines).toEqual([expect.stringMatching(/^1\.0\.1 added, sha256 /)]);
    }));
});

it('an artifact is added as before where nobody asks how far it is', async () => {
  const on = world();
  await add(on, '1.0.1');
  expect(on.journal.filter(({ what }) => what === 'upload')).toHaveLength(2);
});
