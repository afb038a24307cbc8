import assert from 'node:assert/strict';
import * as O from 'fp-ts/lib/Option.js';
import { allCookbooks, type Manifest } from '../../domain/manifest.ts';
import { EnvironmentName, nameFromLiteral } from '../../domain/names.ts';
import { type ChefEnvironment, isPinnedTo, pinnedVersion } from '../../domain/pin.ts';
import type { ChefServer } from '../../ports/chef-server.ts';
import { assertTag, casesOf, type ContractCase, type Harness, type Law, withoutHook } from './contract-case.ts';
import {
  artifactOf,
  brokenOff,
  entriesOf,
  type ExampleArtifact,
  exampleArtifact,
  exampleManifest,
  HONEST_ARTIFACT,
  HOSTILE_ARTIFACTS,
  recordOf,
  streamed,
} from './example-artifact.ts';

/** An empty Chef server to try. */
export interface ChefServerHarness extends Harness {
  readonly server: ChefServer;
  /** Puts an environment, as the JSON text of its document, on the server behind the adapter's back. */
  readonly plantEnvironment?: (name: EnvironmentName, json: string) => Promise<void>;
  /** The JSON text of an environment as the server holds it. */
  readonly environmentText?: (name: EnvironmentName) => Promise<string>;
}

const environmentName = nameFromLiteral(EnvironmentName);
const PROD_1 = environmentName('prod-1');
const PROD_2 = environmentName('prod-2');

const V1 = exampleManifest('20250728.1753666491.0', { apt: '7.5.23' }, { 'base-system': '20250728.1753666491.0' });
const V2 = exampleManifest('20250728.1753670091.0', { apt: '7.5.23' }, { 'base-system': '20250728.1753670091.0' });

const upload = (server: ChefServer, { record, tarball }: ExampleArtifact) => server.upload(record, streamed(tarball));

const completeOn = async (server: ChefServer): Promise<readonly (readonly [string, string])[]> =>
  [...assertTag(await server.completeArtifacts(), 'Listed').sha256ByVersion].sort();

const assertComplete = async (server: ChefServer, ...artifacts: readonly ExampleArtifact[]): Promise<void> => {
  const expected = artifacts.map(({ record }) => [record.version, record.sha256] as const).sort();
  assert.deepEqual(await completeOn(server), expected);
};

const found = async (server: ChefServer, name: EnvironmentName): Promise<ChefEnvironment> =>
  assertTag(await server.environment(name), 'Found').environment;

const constraintsOf = (manifest: Manifest): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(allCookbooks(manifest)).map(([name, version]) => [name, `= ${version}`]));

const assertPinned = async (server: ChefServer, name: EnvironmentName, manifest: Manifest): Promise<void> => {
  const environment = await found(server, name);
  assert.ok(isPinnedTo(environment, manifest), `expected ${name} to be pinned to ${manifest.baseVersion}`);
  assert.deepEqual(pinnedVersion(environment), O.some(manifest.baseVersion));
};

/** Broken artifacts, each with the record that goes with it. */
const BROKEN: Readonly<
  Record<string, () => { readonly record: ExampleArtifact['record']; readonly tarball: AsyncIterable<Uint8Array> }>
> = {
  'other bytes than the record promises': () => {
    const { record } = exampleArtifact(V1);
    return { record, tarball: streamed(exampleArtifact(V1, 'log "other"').tarball) };
  },
  'a tarball that is cut off': () => {
    const { tarball } = exampleArtifact(V1);
    const cut = tarball.subarray(0, tarball.length >> 1);
    return { record: recordOf(V1, cut), tarball: streamed(cut) };
  },
  'something that is no tarball': () => {
    const html = Buffer.from('<html>please log in</html>');
    return { record: recordOf(V1, html), tarball: streamed(html) };
  },
  'no manifest': () => {
    const { record, tarball } = artifactOf(V1, entriesOf(V1).slice(1));
    return { record, tarball: streamed(tarball) };
  },
  'a manifest that is none': () => {
    const { record, tarball } = artifactOf(V1, [{ path: 'manifest.json', content: '{' }, ...entriesOf(V1).slice(1)]);
    return { record, tarball: streamed(tarball) };
  },
  'another manifest than the record promises': () => {
    const { record, tarball } = artifactOf(V1, entriesOf({ ...V1, author: 'Somebody Else' }));
    return { record, tarball: streamed(tarball) };
  },
  'a listed cookbook missing': () => {
    const entries = entriesOf(V1).filter(({ path }) => !path.startsWith('cookbooks/apt/'));
    const { record, tarball } = artifactOf(V1, entries);
    return { record, tarball: streamed(tarball) };
  },
  'a listed cookbook empty': () => {
    const entries = entriesOf(V1).filter(({ path }) => !path.startsWith('cookbooks/apt/') || path.endsWith('apt/'));
    const { record, tarball } = artifactOf(V1, entries);
    return { record, tarball: streamed(tarball) };
  },
};

const UPLOADS: Readonly<Record<string, Law<ChefServerHarness>>> = {
  'an empty server has no complete artifact and no environment': async ({ server }) => {
    await assertComplete(server);
    assertTag(await server.environment(PROD_1), 'Missing');
    return undefined;
  },
  'an uploaded artifact is complete, under its checksum': async ({ server }) => {
    const first = exampleArtifact(V1);
    assertTag(await upload(server, first), 'Complete');
    await assertComplete(server, first);
    return undefined;
  },
  'L8: uploading again is harmless': async ({ server }) => {
    const first = exampleArtifact(V1);
    for (let i = 0; i < 3; i++) assertTag(await upload(server, first), 'Complete');
    await assertComplete(server, first);
    return undefined;
  },
  'artifacts share the cookbooks that they have in common': async ({ server }) => {
    const [first, second] = [exampleArtifact(V1), exampleArtifact(V2)];
    assertTag(await upload(server, first), 'Complete');
    assertTag(await upload(server, second), 'Complete');
    await assertComplete(server, first, second);
    return undefined;
  },
  'uploads of several artifacts at once are all complete': async ({ server }) => {
    const artifacts = [exampleArtifact(V1), exampleArtifact(V2), exampleArtifact(V1), exampleArtifact(V2)];
    const answers = await Promise.all(artifacts.map((one) => upload(server, one)));
    for (const answer of answers) assertTag(answer, 'Complete');
    await assertComplete(server, ...artifacts.slice(0, 2));
    return undefined;
  },
  'L7, fault 71: a cookbook of the same name and version with other bytes is refused': async ({ server }) => {
    const first = exampleArtifact(V1);
    await upload(server, first);
    const changed = exampleArtifact(V2, 'log "apt 7.5.23 has other bytes now"');
    assert.equal(assertTag(await upload(server, changed), 'DifferentBytes').cookbook, 'apt');
    await assertComplete(server, first);
    assertTag(await upload(server, first), 'Complete');
    return undefined;
  },
  'L7, fault 71: an artifact of the same version with other bytes is refused': async ({ server }) => {
    const first = exampleArtifact(V1);
    await upload(server, first);
    assertTag(await upload(server, exampleArtifact({ ...V1, author: 'Somebody Else' })), 'DifferentBytes');
    assertTag(await upload(server, exampleArtifact(V1, 'log "other"')), 'DifferentBytes');
    await assertComplete(server, first);
    return undefined;
  },
  'fault 70: an upload that breaks off is not complete, and can be done again': async ({ server }) => {
    const { record, tarball } = exampleArtifact(V1);
    assertTag(await server.upload(record, brokenOff(tarball.subarray(0, 200))), 'BadArtifact', 'Unavailable');
    await assertComplete(server);
    assertTag(await upload(server, { record, tarball }), 'Complete');
    return undefined;
  },
  ...Object.fromEntries(
    Object.entries(BROKEN).map(([name, broken]): [string, Law<ChefServerHarness>] => [
      `fault 70: an artifact with ${name} is refused, and not complete`,
      async ({ server }) => {
        const { record, tarball } = broken();
        assertTag(await server.upload(record, tarball), 'BadArtifact');
        await assertComplete(server);
        assertTag(await upload(server, exampleArtifact(V1)), 'Complete');
        return undefined;
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(HOSTILE_ARTIFACTS).map(([name, hostile]): [string, Law<ChefServerHarness>] => [
      `fault 70: a tarball with ${name} is refused, and not complete`,
      async ({ server }) => {
        assertTag(await upload(server, hostile), 'BadArtifact');
        await assertComplete(server);
        assertTag(await upload(server, HONEST_ARTIFACT), 'Complete');
        return undefined;
      },
    ]),
  ),
  'a cookbook version that Chef does not know is refused': async ({ server }) => {
    for (const version of ['1', '1.0.0.0', '1.0.0-rc1', '1.x']) {
      const { record, tarball } = exampleArtifact(exampleManifest('1.0.0', { apt: version }));
      assertTag(await server.upload(record, streamed(tarball)), 'BadArtifact');
    }
    await assertComplete(server);
    return undefined;
  },
};

const PLANTED = `{
  "name": "prod-1",
  "description": "Production, the canary \\u2014 by hand",
  "json_class": "Chef::Environment",
  "chef_type": "environment",
  "default_attributes": {
    "ntp": {"servers": ["a", "b"], "drift": 1.0, "__proto__": {"kept": true}},
    "signalbox": {"note": "by hand"},
    "serial": 12345678901234567890
  },
  "override_attributes": {"limit": 1e400, "empty": null},
  "cookbook_versions": {"nginx": "~> 12.0", "apt": "= 1.0.0"},
  "left_by_another_tool": ["kept"]
}`;

const PINS: Readonly<Record<string, Law<ChefServerHarness>>> = {
  'a pin creates the environment that is missing, with the constraints of the artifact': async ({ server }) => {
    assertTag(await server.pin(PROD_1, V1), 'Pinned');
    await assertPinned(server, PROD_1, V1);
    const { name, cookbook_versions: constraints } = await found(server, PROD_1);
    assert.equal(name, 'prod-1');
    assert.deepEqual({ ...constraints }, constraintsOf(V1));
    assertTag(await server.environment(PROD_2), 'Missing');
    return undefined;
  },
  'L1: a pin is read back as it was made, and moves': async ({ server }) => {
    for (const manifest of [V1, V2, V2, V1]) {
      assertTag(await server.pin(PROD_1, manifest), 'Pinned');
      await assertPinned(server, PROD_1, manifest);
    }
    return undefined;
  },
  'L2: exactly the cookbooks of the artifact are constrained, every other constraint stays': async ({ server }) => {
    const other = exampleManifest('1.0.0', { nginx: '12.3.1', apt: '1.0.0' });
    await server.pin(PROD_1, other);
    assertTag(await server.pin(PROD_1, V1), 'Pinned');
    const { cookbook_versions: constraints } = await found(server, PROD_1);
    assert.deepEqual({ ...constraints }, { nginx: '= 12.3.1', ...constraintsOf(V1) });
    return undefined;
  },
  'L2: what else stands in the environment stays as it was': async ({ server, plantEnvironment }) => {
    if (plantEnvironment === undefined) return withoutHook('plantEnvironment');
    await plantEnvironment(PROD_1, PLANTED);
    const before = await found(server, PROD_1);
    assertTag(await server.pin(PROD_1, V1), 'Pinned');
    const after = await found(server, PROD_1);
    assert.deepEqual({ ...after.cookbook_versions }, { nginx: '~> 12.0', ...constraintsOf(V1) });
    assert.deepEqual(after.default_attributes, {
      ...before.default_attributes,
      signalbox: { note: 'by hand', artifact_version: V1.baseVersion },
    });
    assert.deepEqual(
      { ...after, cookbook_versions: {}, default_attributes: {} },
      { ...before, cookbook_versions: {}, default_attributes: {} },
    );
    return undefined;
  },
  'L2: numbers that a float cannot hold stay as they were written': async ({
    server,
    plantEnvironment,
    environmentText,
  }) => {
    if (plantEnvironment === undefined) return withoutHook('plantEnvironment');
    if (environmentText === undefined) return withoutHook('environmentText');
    await plantEnvironment(PROD_1, PLANTED);
    assertTag(await server.pin(PROD_1, V1), 'Pinned');
    const text = await environmentText(PROD_1);
    for (const written of [
      /"serial": ?12345678901234567890\b/,
      /"drift": ?1\.0\b/,
      /"limit": ?1e400\b/,
      /"__proto__"/,
    ]) {
      assert.match(text, written);
    }
    return undefined;
  },
  'L2: pins of one environment at once are serialised, and none is lost': async ({ server }) => {
    const manifests = [...Array(12).keys()].map((n) => exampleManifest(`1.0.${n}`, { [`cookbook-${n}`]: `2.0.${n}` }));
    for (const answer of await Promise.all(manifests.map((manifest) => server.pin(PROD_1, manifest)))) {
      assertTag(answer, 'Pinned');
    }
    const environment = await found(server, PROD_1);
    assert.deepEqual({ ...environment.cookbook_versions }, Object.assign({}, ...manifests.map(constraintsOf)));
    assert.equal(manifests.filter((manifest) => isPinnedTo(environment, manifest)).length, 1);
    return undefined;
  },
  'environments are kept apart': async ({ server }) => {
    await Promise.all([server.pin(PROD_1, V1), server.pin(PROD_2, V2)]);
    await assertPinned(server, PROD_1, V1);
    await assertPinned(server, PROD_2, V2);
    return undefined;
  },
  'fault 19: a cookbook may be called constructor': async ({ server }) => {
    const manifest = exampleManifest('1.0.0', { constructor: '1.0.0', 'to-string': '1.0.0', toString: '1.0.0' });
    assertTag(await server.pin(PROD_1, manifest), 'Pinned');
    await assertPinned(server, PROD_1, manifest);
    return undefined;
  },
};

/**
 * The contract of {@link ChefServer}.
 *
 * @param setUp - makes an empty server; called once for each case.
 */
export const chefServerContract = (setUp: () => Promise<ChefServerHarness>): readonly ContractCase[] =>
  casesOf(setUp, { ...UPLOADS, ...PINS });
