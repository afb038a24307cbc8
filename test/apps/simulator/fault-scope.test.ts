import { describe, expect, it } from 'vitest';
import { SHIPPED } from '../../../src/apps/simulator/programs.ts';
import { simulate } from '../../../src/apps/simulator/simulate.ts';
import { scenarioOf } from '../../support/small-scenarios.ts';

/** By stack, what the bus answered to the Librarian's writes while their answers were lost for the keys of one stack. */
const answersByStack = async (): Promise<ReadonlyMap<string, ReadonlySet<string>>> => {
  const answers = new Map<string, Set<string>>();
  await simulate(
    scenarioOf({
      name: 'answers-lost',
      plan: {
        name: 'one-stage',
        stacks: ['basalt', 'ironstone'],
        stages: [{ name: 'latest', kind: 'latest', environments: ['prod'], every: '1h' }],
      },
      lasts: '6h',
      fleet: 2,
      installed: '1.0.0',
      artifacts: [{ version: '1.1.0', at: '30m' }],
      faults: [{ kind: 'bus-answers-lost', at: '10m', for: '5h', on: { stacks: ['basalt'] } }],
    }),
    {
      seed: 1,
      programs: {
        ...SHIPPED,
        librarianPorts: ({ bus, ...ports }) => ({
          ...ports,
          bus: {
            ...bus,
            write: async (key, body, expected) => {
              const answer = await bus.write(key, body, expected);
              answers.set(key.stack, (answers.get(key.stack) ?? new Set()).add(answer._tag));
              return answer;
            },
          },
        }),
      },
    },
  );
  return answers;
};

describe('a fault that is confined to a part of the fleet', () => {
  it('fault 29: answers are lost for the keys that are named, and for no others', async () => {
    expect(await answersByStack()).toEqual(
      new Map([
        ['basalt', new Set(['Unknown'])],
        ['ironstone', new Set(['Landed'])],
      ]),
    );
  });
});
