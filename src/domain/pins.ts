/**
 * The pins of a whole plan, as they were read, and what they say about one environment.
 *
 * @module
 */
import * as O from 'fp-ts/lib/Option.js';
import type { EnvironmentName, StackName, Version } from './names.ts';
import type { Step } from './train-memory.ts';

/**
 * Environment → stack → pin. A stack that could not be read is absent; one that was read and has no pin is `none`. The
 * difference matters: an unpinned environment may be given a version, an unreadable one may not be guessed at.
 */
export type Pins = ReadonlyMap<EnvironmentName, ReadonlyMap<StackName, O.Option<Version>>>;

/** What the pins of one environment add up to over the stacks. */
export type EnvironmentPin =
  /** Every stack that could be read has this version, and no step is open. */
  | { readonly _tag: 'Agreed'; readonly version: Version }
  /** No stack that could be read has a pin: the environment is new (law T14). */
  | { readonly _tag: 'Unset' }
  /** On its way to this version: `pending` stacks do not have it yet (law T13). */
  | { readonly _tag: 'Incomplete'; readonly version: Version; readonly pending: readonly StackName[] }
  /** The stacks differ and no step of ours explains it: somebody promoted by hand. */
  | { readonly _tag: 'Split'; readonly versions: readonly Version[] }
  /** No stack could be read. */
  | { readonly _tag: 'Unreadable' };

const UNSET: EnvironmentPin = { _tag: 'Unset' };
const UNREADABLE: EnvironmentPin = { _tag: 'Unreadable' };

const NOTHING_READ: ReadonlyMap<StackName, O.Option<Version>> = new Map();

/** Whether a stack that an open step should move is still where the step found it, or where a slow predecessor put it. */
const isWhereStepFoundIt = (step: Step, stack: StackName, pin: O.Option<Version>): boolean => {
  if (O.isSome(pin) && step.overtaken.includes(pin.value)) return true;
  const from = step.from.get(stack);
  if (from === undefined) return true;
  return O.isNone(from) ? O.isNone(pin) : O.isSome(pin) && pin.value === from.value;
};

const distinctVersions = (pins: ReadonlyMap<StackName, O.Option<Version>>): readonly Version[] => [
  ...new Set([...pins.values()].filter(O.isSome).map(({ value }) => value)),
];

const settled = (stacks: readonly StackName[], pins: ReadonlyMap<StackName, O.Option<Version>>): EnvironmentPin => {
  let version: Version | undefined;
  let readable = 0;
  let pinned = 0;
  for (const stack of stacks) {
    const pin = pins.get(stack);
    if (pin === undefined) continue;
    readable++;
    if (O.isNone(pin)) continue;
    pinned++;
    if (version !== undefined && version !== pin.value) return { _tag: 'Split', versions: distinctVersions(pins) };
    version = pin.value;
  }
  if (readable === 0) return UNREADABLE;
  if (version === undefined) return UNSET;
  // A stack without any pin beside stacks that agree is a stack that joined the plan: it catches up at once.
  return pinned === readable
    ? { _tag: 'Agreed', version }
    : {
        _tag: 'Incomplete',
        version,
        pending: stacks.filter((stack) => {
          const pin = pins.get(stack);
          return pin !== undefined && O.isNone(pin);
        }),
      };
};

const stepping = (
  stacks: readonly StackName[],
  pins: ReadonlyMap<StackName, O.Option<Version>>,
  step: Step,
): EnvironmentPin => {
  const pending: StackName[] = [];
  for (const stack of stacks) {
    if (!step.stacks.includes(stack)) continue;
    const pin = pins.get(stack);
    if (pin !== undefined && O.isSome(pin) && pin.value === step.version) continue;
    // Somebody moved it to something else since. Where all stacks agree on that, it has taken the step's place.
    if (pin !== undefined && !isWhereStepFoundIt(step, stack, pin)) {
      const other = settled(stacks, pins);
      return (other._tag === 'Agreed' || other._tag === 'Unset') && stacks.every((name) => pins.has(name))
        ? other
        : { _tag: 'Split', versions: distinctVersions(pins) };
    }
    pending.push(stack);
  }
  return pending.length === 0 ? settled(stacks, pins) : { _tag: 'Incomplete', version: step.version, pending };
};

/** Whether every stack that an open step moves has its version. */
export const isStepComplete = (pins: Pins, environment: EnvironmentName, { stacks, version }: Step): boolean =>
  stacks.every((stack) => {
    const pin = pins.get(environment)?.get(stack);
    return pin !== undefined && O.isSome(pin) && pin.value === version;
  });

/** What the pins of `environment` add up to, given the step that may be open there. */
export const environmentPin = (
  stacks: readonly StackName[],
  pins: Pins,
  environment: EnvironmentName,
  step: Step | undefined,
): EnvironmentPin => {
  const read = pins.get(environment) ?? NOTHING_READ;
  return step === undefined ? settled(stacks, read) : stepping(stacks, read, step);
};

/** The pins after `version` has been promoted to `environment` on `stacks`. */
export const withPromotion = (
  pins: Pins,
  environment: EnvironmentName,
  stacks: readonly StackName[],
  version: Version,
): Pins => {
  const moved = new Map(pins.get(environment) ?? NOTHING_READ);
  for (const stack of stacks) moved.set(stack, O.some(version));
  return new Map(pins).set(environment, moved);
};
