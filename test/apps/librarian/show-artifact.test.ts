import * as E from 'fp-ts/lib/Either.js';
import { expect, test } from 'vitest';
import { artifactShow } from '../../../src/apps/librarian/commands/artifacts.ts';
import { reject } from '../../../src/apps/librarian/intervene.ts';
import { showArtifact } from '../../../src/apps/librarian/show-artifact.ts';
import { silentLog } from '../../../src/apps/log.ts';
import { add, BASALT, DEV, IRONSTONE, must, promoteTo, TESTER, world } from '../../support/librarian-world.ts';
import { version } from '../../support/slack.ts';

test('an artifact is shown with where it is complete, and what is on it', async () => {
  const on = world();
  on.down.add(IRONSTONE);
  await add(on, '1.0.1');
  expect(must(await showArtifact(on.librarian(), version('1.0.1'))())).toMatchObject({
    complete_on: ['basalt'],
    missing_on: [],
    unknown_on: ['ironstone'],
    environments: [],
    rejected: null,
    manifest: { base_version: '1.0.1', cookbook_versions: { apt: '7.5.23' } },
  });
  on.down.clear();
  expect(must(await showArtifact(on.librarian(), version('1.0.1'))())).toMatchObject({ missing_on: ['ironstone'] });
});

test('an artifact that somebody rejected says so, and still which environments are on it', async () => {
  const on = world();
  await add(on, '1.0.1');
  await promoteTo(on, '1.0.1', DEV);
  must(await reject(on.librarian())(TESTER, version('1.0.1'))());
  const shown = must(await showArtifact(on.librarian(), version('1.0.1'))());
  expect(shown.rejected).toMatchObject({ by: 'tester', reason: 'test' });
  expect(shown.environments).toEqual([{ environment: DEV, stacks: [BASALT, IRONSTONE] }]);

  const lines: string[] = [];
  const terminal = {
    out: (line: string) => lines.push(line),
    err: (line: string) => lines.push(line),
    isColoured: false,
    environment: {},
    abort: new AbortController().signal,
    log: silentLog,
  };
  expect(await artifactShow(on.librarian(), terminal, { version: version('1.0.1'), isJson: false })).toBe(0);
  expect(lines.join('\n')).toMatch(/^rejected +by tester at .*: test$/m);
  expect(lines.join('\n')).toMatch(/^environments +dev \(basalt, ironstone\)$/m);
  expect(await artifactShow(on.librarian(), terminal, { version: version('1.0.1'), isJson: true })).toBe(0);
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual(JSON.parse(JSON.stringify(shown)));
});

test('one that is not there is not found, with where to look', async () => {
  const missing = await showArtifact(world().librarian(), version('9.9.9'))();
  expect(missing).toEqual(
    E.left({ _tag: 'NotFound', detail: expect.stringContaining('signalbox artifact list') as string }),
  );
});
