import assert from 'node:assert/strict';
import { nameFromLiteral, Slug } from '../../domain/names.ts';
import type { Machine, MachineMetadata } from '../../ports/machine-metadata.ts';
import { assertTag, casesOf, type ContractCase, type Harness, type Law } from './contract-case.ts';

/**
 * How a metadata service, or what stands in its place, behaves: it answers; it says nothing, or drips, or does not end; it has
 * trouble, once or always; it is not there; it sends the asker elsewhere, shows a page to log in, forbids, or tells a zone
 * that is no name.
 */
export type MetadataMood =
  | 'Answers'
  | 'Hangs'
  | 'Drips'
  | 'Endless'
  | 'FailsOnce'
  | 'Fails'
  | 'Gone'
  | 'Redirects'
  | 'LoginPage'
  | 'Forbids'
  | 'HostileZone';

/** A machine with a metadata service to try. */
export interface MachineMetadataHarness extends Harness {
  /** Gives up within {@link boundMs}. */
  readonly metadata: MachineMetadata;
  /** In milliseconds. */
  readonly boundMs: number;
  /** What the service says of the machine, its tag included. */
  readonly machine: Machine & { readonly tag: string };
  /** The tag that it has. */
  readonly tag: Slug;
  /** Changes what the service does, from the next request on. */
  readonly become: (mood: MetadataMood) => Promise<void>;
  /** How many requests the service has seen. */
  readonly asked: () => number;
}

/** A bound that was met is noticed so much later on a machine that has other work, in milliseconds. */
const LATE_MS = 5_000;

const within = async <A>(boundMs: number, act: () => Promise<A>): Promise<A> => {
  const startedAt = performance.now();
  const answer = await act();
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < boundMs + LATE_MS, `expected an answer within ${boundMs} ms, took ${tookMs}`);
  return answer;
};

/** Whatever the mood, the answer has one of the tags, comes in time, and says what to do. */
const answers =
  (mood: MetadataMood, ...tags: readonly ('Refused' | 'NotThisCloud' | 'Unavailable')[]): Law<MachineMetadataHarness> =>
  async ({ metadata, boundMs, become }) => {
    await become(mood);
    const { detail } = assertTag(await within(boundMs, () => metadata.describe({})), ...tags);
    assert.ok(detail.length > 0 && !detail.includes('\n'), detail);
    return undefined;
  };

const LAWS: Readonly<Record<string, Law<MachineMetadataHarness>>> = {
  'it tells zone and instance, and no tag that nobody asked for': async ({ metadata, machine }) => {
    const { tag: _, ...rest } = machine;
    assert.deepEqual(await metadata.describe({}), { _tag: 'Found', machine: rest });
    return undefined;
  },
  'it tells the tag that was asked for': async ({ metadata, machine, tag }) => {
    assert.deepEqual(await metadata.describe({ tag }), { _tag: 'Found', machine });
    return undefined;
  },
  'a tag that the machine has not is none': async ({ metadata, machine }) => {
    const { tag: _, ...rest } = machine;
    const reading = await metadata.describe({ tag: nameFromLiteral(Slug)('no-such-tag') });
    assert.deepEqual(reading, { _tag: 'Found', machine: rest });
    return undefined;
  },
  'fault 4: trouble that passes is waited for': async ({ metadata, become }) => {
    await become('FailsOnce');
    assertTag(await metadata.describe({}), 'Found');
    return undefined;
  },
  'fault 4: trouble that does not pass is asked about again, and given up on in time': async (harness) => {
    await answers('Fails', 'Unavailable')(harness);
    assert.ok(harness.asked() > 1, 'asked once only');
    return undefined;
  },
  'fault 5: a service that is not there is unavailable': answers('Gone', 'Unavailable'),
  'fault 6: one that says nothing is given up on': answers('Hangs', 'Unavailable'),
  'fault 7: one that drips is given up on': answers('Drips', 'Unavailable'),
  'fault 8: an answer without an end is not waited for': answers('Endless', 'NotThisCloud'),
  'fault 10: a page to log in is not the cloud': answers('LoginPage', 'NotThisCloud'),
  'whoever sends elsewhere is not the cloud, and is not followed': answers('Redirects', 'NotThisCloud'),
  'one that forbids is not asked again': async (harness) => {
    await answers('Forbids', 'Refused')(harness);
    assert.equal(harness.asked(), 1);
    return undefined;
  },
  'S7: a zone that is no name is refused': answers('HostileZone', 'Refused'),
  'an abort ends it, and whoever is aborted already asks nothing': async ({ metadata, become, asked }) => {
    await become('Hangs');
    assertTag(await metadata.describe({}, AbortSignal.abort()), 'Unavailable');
    assert.equal(asked(), 0);
    const abort = new AbortController();
    const describing = metadata.describe({}, abort.signal);
    abort.abort();
    assertTag(await describing, 'Unavailable');
    return undefined;
  },
};

/**
 * The contract of {@link MachineMetadata}.
 *
 * @param setUp - makes a service that `Answers`, and what asks it; called once for each case.
 */
export const machineMetadataContract = (setUp: () => Promise<MachineMetadataHarness>): readonly ContractCase[] =>
  casesOf(setUp, LAWS);
