/** The promotion saga in memory: killed, refused and left without an answer at any call, and never alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { propertyParameters } from '../../support/property.ts';
import { goThrough, LawBroken, SAGA_CONTROLS, type SagaVariant, sagaRuns } from '../../support/saga-runs.ts';

const LONG_MS = 1_800_000;

/** What 2 000 runs find wrong with a Librarian, in a few words; nothing where they find nothing. */
const foundWith = async (variant: SagaVariant): Promise<string | undefined> => {
  const found = await fc.check(
    fc.asyncProperty(sagaRuns, async (rounds) => {
      await goThrough(rounds, variant);
    }),
    { ...propertyParameters({ numRuns: 2_000 }), plugins: [], endOnFailure: true },
  );
  const { errorInstance } = found;
  if (found.failed && !(errorInstance instanceof LawBroken)) throw errorInstance;
  return errorInstance instanceof LawBroken ? errorInstance.message : undefined;
};

describe('random runs of promotions over two stacks', () => {
  it(
    'L1, L3, L4, L5, L8, T7, T12: one pin and one signal on each stack, one trail without a gap, nothing brought back',
    () =>
      fc.assert(
        fc.asyncProperty(sagaRuns, async (rounds) => {
          await goThrough(rounds);
        }),
        propertyParameters({ numRuns: 10_000 }),
      ),
    LONG_MS,
  );

  it.each(SAGA_CONTROLS.map((control) => ({ ...control, named: control.laws.join(', ') })))(
    '$named, control: a Librarian that $name is found out',
    async ({ laws, variant }) => {
      expect(await foundWith(variant)).toMatch(new RegExp(`^(${laws.join('|')}): `));
    },
    LONG_MS,
  );
});
