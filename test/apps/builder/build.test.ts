import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { build, type BuilderPorts, type BuildRequest, builtJson } from '../../../src/apps/builder/build.ts';
import { formatFailure } from '../../../src/apps/failure.ts';
import { exampleManifest } from '../../../src/adapters/contracts/index.ts';
import { epochMs } from '../../../src/domain/time.ts';
import type { BuildOrder } from '../../../src/ports/artifact-builder.ts';
import { version } from '../../support/slack.ts';

const { cookbookVersions, siteCookbookVersions } = exampleManifest('1.0.0', { apt: '7.5.23' }, { base: '1.0.0' });

const portsOf = (
  changes: Partial<BuilderPorts> = {},
): { readonly ports: BuilderPorts; readonly orders: BuildOrder[] } => {
  const orders: BuildOrder[] = [];
  const ports: BuilderPorts = {
    builder: {
      survey: async () => ({ _tag: 'Surveyed', cookbookVersions, siteCookbookVersions }),
      build: async (order) => {
        orders.push(order);
        return { _tag: 'Built', sha256: 'a'.repeat(64), sizeBytes: 345 };
      },
    },
    commitOf: async () => ({ _tag: 'Found', hash: '3f2a9c1', author: 'An Example <a@example.com>', isClean: false }),
    builtAt: () => epochMs(1_753_666_491_000),
    ...changes,
  };
  return { ports, orders };
};

const REQUEST: BuildRequest = {
  directory: 'chef',
  file: 'a.tar.gz',
  version: O.none,
  author: O.none,
  commit: O.none,
  stampsSite: false,
};

const built = async (request: Partial<BuildRequest>, ports = portsOf().ports) => {
  const result = await build(ports)({ ...REQUEST, ...request })();
  return E.isRight(result) ? builtJson(result.right) : formatFailure(result.left);
};

describe('what is built', () => {
  it('is of the instant, the commit and the versions that were found', async () => {
    const { ports, orders } = portsOf();
    expect(await built({}, ports)).toEqual({
      version: '20250728.1753666491.0',
      file: 'a.tar.gz',
      sha256: 'a'.repeat(64),
      size_bytes: 345,
      local_changes: true,
      manifest: {
        base_version: '20250728.1753666491.0',
        latest_commit_hash: '3f2a9c1',
        author: 'An Example <a@example.com>',
        cookbook_versions: { apt: '7.5.23' },
        site_cookbook_versions: { base: '1.0.0' },
      },
    });
    expect(orders).toMatchObject([{ directory: 'chef', file: 'a.tar.gz' }]);
  });

  it('is what was asked, where that was said: nobody asks Git then', async () => {
    const { ports } = portsOf({ commitOf: () => Promise.reject(new Error('not asked')) });
    const asked = { version: O.some(version('1.4.0')), author: O.some('me'), commit: O.some('c0ffee') };
    expect(await built(asked, ports)).toMatchObject({
      version: '1.4.0',
      local_changes: false,
      manifest: { author: 'me', latest_commit_hash: 'c0ffee' },
    });
  });

  it('has local changes only against a commit that was found, not one that was named', async () => {
    expect(await built({ author: O.some('me') })).toMatchObject({ local_changes: true });
    expect(await built({ commit: O.some('c0ffee') })).toMatchObject({ local_changes: false });
  });

  it('gives the site cookbooks its version where that is wanted', async () => {
    expect(await built({ stampsSite: true })).toMatchObject({
      manifest: { cookbook_versions: { apt: '7.5.23' }, site_cookbook_versions: { base: '20250728.1753666491.0' } },
    });
    expect(await built({ stampsSite: true, version: O.some(version('v1')) })).toMatch(/^--version: expected x\.y\.z/);
  });
});

describe('what is refused', () => {
  const unknown = portsOf({ commitOf: async () => ({ _tag: 'Unknown', detail: 'not a git repository' }) }).ports;

  it.each([
    [{}, /^--author, --commit: expected a value, since Git does not know chef: not a git repository/],
    [{ author: O.some('me') }, /^--commit: expected/],
    [{ commit: O.some('c0ffee') }, /^--author: expected/],
  ])('names the options that are missing: %#', async (request, detail) => {
    expect(await built(request, unknown)).toMatch(detail);
  });

  it('an author or a commit that no manifest takes', async () => {
    expect(await built({ author: O.some('a\nb') })).toMatch(/^author: expected text/);
    expect(await built({ commit: O.some('c'.repeat(200)) })).toMatch(/^latest_commit_hash: expected text/);
  });

  it.each([
    ['BadFolder', 'BadData'],
    ['Unavailable', 'Unavailable'],
  ] as const)('a folder or a disk: %s is %s', async (fault, tag) => {
    const failing = async () => ({ _tag: fault, detail: 'says why' }) as const;
    const { ports } = portsOf();
    for (const builder of [
      { ...ports.builder, survey: failing },
      { ...ports.builder, build: failing },
    ]) {
      expect(await build({ ...ports, builder })(REQUEST)()).toEqual(E.left({ _tag: tag, detail: 'says why' }));
    }
  });
});
