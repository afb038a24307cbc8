/**
 * What operators do in a scenario: at the Librarian as the shipped commands do it, and on nodes as the agent hears it.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { Hold } from '../../domain/hold.ts';
import type { NodeAsk } from '../../domain/node-request.ts';
import { type EpochMs, plus } from '../../domain/time.ts';
import type { Failure } from '../failure.ts';
import { addHold, approve, type Asker, liftHold, promote, reject, rollback } from '../librarian/intervene.ts';
import type { LibrarianPorts } from '../librarian/librarian-ports.ts';
import { requestRun, withdrawRun } from '../librarian/request-run.ts';
import type { FleetScope, OperatorDeed } from './scenario.ts';
import type { TrainWatch } from './train-watch.ts';

/** What a deed is done with. */
export interface Surroundings {
  readonly at: EpochMs;
  readonly librarian: LibrarianPorts;
  readonly watch: TrainWatch;
  /** Leaves a request on each node that a scope means; `clock` is what its clock shows. */
  readonly ask: (scope: FleetScope, ask: (clock: EpochMs) => NodeAsk) => void;
}

/** Who does what a scenario says. */
export const OPERATOR: Asker = { who: 'operator', why: 'the scenario says so' };

type Done = Promise<E.Either<Failure, unknown>>;

type Deed<Does extends OperatorDeed['does']> = Extract<OperatorDeed, { readonly does: Does }>;

/** Whether a deed may be in the Librarian's memory, where ticks finish it: only one that was refused is not. */
const isDecided = (done: E.Either<Failure, unknown>): boolean => E.isRight(done) || done.left._tag !== 'Refused';

const hold = async ({ at, librarian, watch }: Surroundings, { id, scope, forMs }: Deed<'hold'>): Done => {
  const expiresAt = forMs === undefined ? O.none : O.some(plus(at, forMs));
  const added: Hold = { id, scope, reason: OPERATOR.why, owner: OPERATOR.who, expiresAt };
  const held = await addHold(librarian)(OPERATOR, added)();
  if (E.isRight(held)) watch.held(added);
  return held;
};

const promoteByHand = async ({ librarian, watch }: Surroundings, deed: Deed<'promote'>): Done => {
  const { version, environment } = deed;
  const [stack, splaySeconds] = [O.fromNullable(deed.stack), O.fromNullable(deed.splaySeconds)];
  watch.actor = 'promote';
  if (deed.stack !== undefined) watch.setApart(environment);
  const promoted = await promote(librarian)(OPERATOR, { version, environment, stack, splaySeconds })();
  if (isDecided(promoted)) watch.decidedByHand(environment, version);
  return promoted;
};

const rollBack = async ({ librarian, watch }: Surroundings, { environments, to }: Deed<'rollback'>): Done => {
  watch.actor = 'rollback';
  const rolledBack = await rollback(librarian)(OPERATOR, { environments, to: O.fromNullable(to) })();
  if (E.isRight(rolledBack)) {
    const { promotions, rejected } = rolledBack.right;
    for (const { environment, version } of promotions) watch.decidedByHand(environment, version);
    for (const version of rejected) watch.rejected(version);
  } else if (isDecided(rolledBack)) {
    for (const environment of environments) watch.decidedByHand(environment, to);
  }
  return rolledBack;
};

const requestRuns = ({ librarian }: Surroundings, deed: Deed<'run-request'>): Done => {
  const { id, environment, splaySeconds, opensForMs } = deed;
  const nodes = O.fromNullable(deed.nodes);
  const order = { id: O.some(id), environment, stack: O.none, nodes, splaySeconds, opensForMs };
  return requestRun(librarian)(OPERATOR, order)();
};

const disable = ({ ask }: Surroundings, { on, forMs, floorToo }: Deed<'disable'>): void => {
  ask(on, (clock) => ({
    _tag: 'Disable',
    disabling: { reason: OPERATOR.why, owner: OPERATOR.who, until: plus(clock, forMs), floorToo },
  }));
};

/** Does it, and tells the watch what was promised by it. */
export const perform = async (around: Surroundings, deed: OperatorDeed): Done => {
  const { at, librarian, watch, ask } = around;
  switch (deed.does) {
    case 'hold':
      return hold(around, deed);
    case 'lift': {
      const lifted = await liftHold(librarian)(OPERATOR, deed.id)();
      if (E.isRight(lifted)) watch.lifted(deed.id, at);
      return lifted;
    }
    case 'promote':
      return promoteByHand(around, deed);
    case 'rollback':
      return rollBack(around, deed);
    case 'reject': {
      const rejected = await reject(librarian)(OPERATOR, deed.version)();
      if (E.isRight(rejected)) watch.rejected(deed.version);
      return rejected;
    }
    case 'approve': {
      const approved = await approve(librarian)(OPERATOR, deed.version)();
      if (E.isRight(approved)) watch.approved(deed.version);
      return approved;
    }
    case 'disable':
      disable(around, deed);
      return E.right(undefined);
    case 'enable':
      ask(deed.on, () => ({ _tag: 'Enable' }));
      return E.right(undefined);
    case 'run-request':
      return requestRuns(around, deed);
    case 'withdraw': {
      const { id, environment } = deed;
      watch.withdrawn(id);
      return withdrawRun(librarian)(OPERATOR, { id, environment, stack: O.none })();
    }
    case 'run-now':
      ask(deed.on, () => ({ _tag: 'RunNow' }));
      return E.right(undefined);
  }
};

/** A deed in one line for people. */
export const labelOfDeed = (deed: OperatorDeed): string => {
  switch (deed.does) {
    case 'hold':
    case 'lift':
      return `${deed.does} ${deed.id}`;
    case 'promote':
      return `promote ${deed.version} in ${deed.environment}`;
    case 'rollback':
      return `rollback ${deed.environments.join(', ')}`;
    case 'reject':
    case 'approve':
      return `${deed.does} ${deed.version}`;
    case 'run-request':
    case 'withdraw':
      return `${deed.does} ${deed.id} in ${deed.environment}`;
    case 'disable':
    case 'enable':
    case 'run-now':
      return `${deed.does} ${[...(deed.on.stacks ?? []), ...(deed.on.environments ?? [])].join(' ')}`.trimEnd();
  }
};
