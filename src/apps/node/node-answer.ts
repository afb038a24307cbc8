/**
 * What there is to say of a node: by its Summoner where one is alive, else by what lies on the disk.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { formatFieldErrors } from '../../domain/decoding.ts';
import { askedBy, decodeNodeRequest, type NodeRequest } from '../../domain/node-request.ts';
import { decodeNodeState, EMPTY_NODE_STATE, type NodeState } from '../../domain/node-state.ts';
import { decodeNodeStatus, type NodeStatus, nodeStatusOf } from '../../domain/node-status.ts';
import { startingBus, step, type SummonerDecision, withAsked } from '../../domain/summoner.ts';
import { type EpochMs, MINUTE_MS } from '../../domain/time.ts';
import type { NodePorts } from './node-ports.ts';

/**
 * How the Summoner is: at work; alive, but long past the instant at which it wanted to look again; not running; or of a
 * place where nobody here can see it, such as another container.
 */
export type SummonerPresence = 'Running' | 'Stalled' | 'NotRunning' | 'Unknown';

/** What there is to say of a node. */
export interface NodeAnswer {
  readonly presence: SummonerPresence;
  /** What it does; or what a Summoner that was started now would do, by all but the bus. */
  readonly status: NodeStatus;
  /** What people have asked for and no Summoner has taken in yet. */
  readonly waiting: readonly NodeRequest[];
}

/** Why there is nothing to say. */
export interface NoAnswer {
  readonly isPermitted: boolean;
  readonly detail: string;
}

/** A poll takes less, and a disk that is slower is worth a word. */
const LATE_MS_MAX = 5 * MINUTE_MS;

const presenceOf = (status: NodeStatus, isGone: boolean | undefined, now: EpochMs): SummonerPresence => {
  if (isGone === true) return 'NotRunning';
  const isLate = now - status.look_again > LATE_MS_MAX;
  if (isGone === undefined) return 'Unknown';
  return isLate ? 'Stalled' : 'Running';
};

/** The last status that a Summoner told, and how it is now; none where none told any. */
const lastTold = async ({ readStatus, isGone, clock }: NodePorts) => {
  const reading = await readStatus();
  const status = reading._tag === 'Found' ? decodeNodeStatus(reading.text) : undefined;
  if (status === undefined || E.isLeft(status)) return undefined;
  const presence = presenceOf(status.right, await isGone(status.right.writer), clock.now());
  return { status: status.right, presence };
};

const waitingIn = async ({ requests }: NodePorts): Promise<readonly NodeRequest[]> => {
  const reading = await requests.look();
  if (reading._tag === 'Unreadable') return [];
  return reading.requests.flatMap((request) => {
    const read = request._tag === 'Found' ? decodeNodeRequest(request.body) : E.left([]);
    return E.isRight(read) ? [read.right] : [];
  });
};

const storedState = async ({ readState }: NodePorts): Promise<E.Either<NoAnswer, NodeState>> => {
  const reading = await readState();
  switch (reading._tag) {
    case 'Missing':
      return E.right(EMPTY_NODE_STATE);
    case 'NotPermitted':
    case 'Unavailable':
      return E.left({ isPermitted: reading._tag !== 'NotPermitted', detail: reading.detail });
    case 'Found':
      return E.bimap(
        (errors: Parameters<typeof formatFieldErrors>[0]): NoAnswer => ({
          isPermitted: true,
          detail: `${formatFieldErrors(errors)}; a Summoner that starts keeps this state aside and begins anew`,
        }),
        ({ state }: { readonly state: NodeState }) => state,
      )(decodeNodeState(reading.text));
  }
};

/** What is shown of a start that is only foreseen: the node as it is, and the start as the next. */
const foreseen = (decision: SummonerDecision, node: NodeState, now: EpochMs): SummonerDecision =>
  decision.action._tag === 'Wait'
    ? decision
    : {
        ...decision,
        state: { node, bus: decision.state.bus },
        nextStartAt: O.some(now),
        nextCause: O.some(decision.action.running.cause),
      };

/** All there is to say of the node now. */
export const answerOf = async (ports: NodePorts): Promise<E.Either<NoAnswer, NodeAnswer>> => {
  const { policy, clock } = ports;
  const waiting = await waitingIn(ports);
  const told = await lastTold(ports);
  if (told !== undefined && told.presence !== 'NotRunning') return E.right({ ...told, waiting });
  const stored = await storedState(ports);
  if (E.isLeft(stored)) return stored;
  const now = clock.now();
  const before = { node: stored.right, bus: startingBus(policy, now) };
  const state = withAsked(policy, before, askedBy(waiting, now), now);
  const decision = foreseen(step(policy, state, { _tag: 'Started' }, now), { ...state.node, running: O.none }, now);
  const status = nodeStatusOf(policy.identity, decision, {
    now,
    writer: told?.status.writer ?? '',
    pid: told?.status.pid ?? 0,
    isStored: true,
    lastPoll: O.none,
    lastRun: told?.status.last_run ?? O.none,
  });
  return E.right({ presence: 'NotRunning', status, waiting });
};
