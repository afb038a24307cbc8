import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { NodeName, parseName, type Slug, StackName, type ZoneId } from '../../domain/names.ts';
import { plus, SECOND_MS } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Machine, MachineMetadata, MachineReading } from '../../ports/machine-metadata.ts';
import { badData, type Failure, unavailable } from '../failure.ts';

/** The clouds that can be asked. */
export type Cloud = 'ec2' | 'gce';

/** Who says where the machine stands: one cloud, whichever of them answers, or whoever called. */
export type MachineSource = Cloud | 'auto' | 'given';

/** What names a node of which nobody said the name. */
export type NodeNaming = 'instance-id' | 'instance-name' | 'hostname';

/** What is known before anybody is asked, and how the rest is to be found. */
export interface MachineOptions {
  readonly source: MachineSource;
  readonly zone: O.Option<ZoneId>;
  readonly node: O.Option<NodeName>;
  readonly stack: O.Option<StackName>;
  /** The tag, on GCE the attribute, that names the stack where nothing else does. */
  readonly stackTag: O.Option<Slug>;
  /** Whether the zone map has zones by their ids, the same in every account, or by the names of one account. */
  readonly zoneBy: 'id' | 'name';
  readonly nodeFrom: NodeNaming;
  readonly abort: AbortSignal;
}

/** What finding the machine needs of the world. */
export interface MachineDeps {
  readonly clock: Clock;
  readonly clouds: Readonly<Record<Cloud, MachineMetadata>>;
  /** The machine's own host name, as it is set. */
  readonly hostname: () => string;
}

/** A machine that can be assigned. */
export interface FoundMachine {
  readonly zone: ZoneId;
  readonly node: NodeName;
  readonly stack: StackName;
  /** Who said so. */
  readonly source: Cloud | 'given';
}

/** Once a cloud has told of the machine, the other one gets so long to claim it too, in milliseconds: far more than it needs. */
const OTHER_CLOUD_MS = 2 * SECOND_MS;

const NAMES: Readonly<Record<Cloud, string>> = { ec2: 'EC2', gce: 'GCE' };

type Heard = readonly [Cloud, MachineReading];

const unheard = (heard: readonly Heard[]): Failure => {
  const detail = heard
    .map(
      ([cloud, reading]) =>
        `${NAMES[cloud]}: ${reading._tag === 'Found' ? 'found' : `${reading._tag}: ${reading.detail}`}`,
    )
    .join('; ');
  return unavailable(
    `zone: nobody says where this machine stands; ${detail}; mend that, or give --zone and --node; nothing was written`,
  );
};

/** What the clouds say; of two that both claim the machine, one is no cloud, and nobody can tell which. */
const chosen = (heard: readonly Heard[]): E.Either<Failure, readonly [Cloud, Machine]> => {
  const found = heard.flatMap(([cloud, reading]) =>
    reading._tag === 'Found' ? [[cloud, reading.machine] as const] : [],
  );
  const [first, second] = found;
  if (first === undefined) return E.left(unheard(heard));
  if (second === undefined) return E.right(first);
  return E.left(
    unavailable(
      `zone: both ${NAMES[first[0]]} (${first[1].zone}) and ${NAMES[second[0]]} (${second[1].zone}) answer here; name one with --source; nothing was written`,
    ),
  );
};

const ask = async (
  { clouds, clock }: MachineDeps,
  { source, stackTag, abort }: MachineOptions,
): Promise<E.Either<Failure, readonly [Cloud, Machine]>> => {
  const asked: readonly Cloud[] = source === 'ec2' || source === 'gce' ? [source] : ['ec2', 'gce'];
  const question = O.isSome(stackTag) ? { tag: stackTag.value } : {};
  const giveUp = new AbortController();
  const isOver = new AbortController();
  const heard = await Promise.all(
    asked.map(async (cloud): Promise<Heard> => {
      const reading = await clouds[cloud].describe(question, AbortSignal.any([abort, giveUp.signal]));
      if (reading._tag === 'Found') {
        void clock.sleepUntil(plus(clock.now(), OTHER_CLOUD_MS), isOver.signal).then(() => giveUp.abort());
      }
      return [cloud, reading];
    }),
  );
  isOver.abort();
  return chosen(heard);
};

const nodeOf = (
  { node, nodeFrom }: MachineOptions,
  machine: O.Option<Machine>,
  hostname: string,
): E.Either<Failure, NodeName> => {
  if (O.isSome(node)) return E.right(node.value);
  const read = E.mapLeft((detail: string) => badData(`node: the host name: ${detail}; give --node`))(
    parseName(NodeName)(hostname),
  );
  if (O.isNone(machine) || nodeFrom === 'hostname') return read;
  if (nodeFrom === 'instance-id') return E.right(machine.value.instanceId);
  const { instanceName } = machine.value;
  return instanceName === undefined
    ? E.left(badData('node: this cloud has no names for its machines; expected --node-from instance-id or hostname'))
    : E.right(instanceName);
};

const stackOf = ({ stack, stackTag }: MachineOptions, machine: O.Option<Machine>): E.Either<Failure, StackName> => {
  if (O.isSome(stack)) return E.right(stack.value);
  if (O.isNone(stackTag) || O.isNone(machine)) {
    return E.left(
      badData(
        'stack: expected a value; set it in the configuration or as SIGNALBOX_STACK, or name a tag with --stack-tag',
      ),
    );
  }
  const { tag } = machine.value;
  if (tag === undefined) {
    return E.left(
      badData(
        `stack: expected the tag ${stackTag.value} on this machine, got none; set it, and on EC2 let the metadata options show tags (InstanceMetadataTags)`,
      ),
    );
  }
  return E.mapLeft((detail: string) => badData(`stack: the tag ${stackTag.value}: ${detail}`))(
    parseName(StackName)(tag),
  );
};

/**
 * Finds out which machine this is: its zone, and where nobody said them its name and stack. Everything is known, and every
 * name valid, before anything is written (laws B2, B4).
 *
 * Never rejects while no dependency does.
 */
export const findMachine =
  (deps: MachineDeps) =>
  async (options: MachineOptions): Promise<E.Either<Failure, FoundMachine>> => {
    const asked = options.source === 'given' ? E.right(undefined) : await ask(deps, options);
    if (E.isLeft(asked)) return asked;
    const [source, machine] =
      asked.right === undefined ? (['given', O.none] as const) : ([asked.right[0], O.some(asked.right[1])] as const);
    const stands = O.map(({ zone, zoneName }: Machine) => (options.zoneBy === 'id' ? zone : zoneName))(machine);
    const zone = O.isSome(options.zone) ? options.zone : stands;
    if (O.isNone(zone)) return E.left(badData('zone: expected --zone, or a --source that knows it: ec2, gce or auto'));
    const node = nodeOf(options, machine, deps.hostname());
    if (E.isLeft(node)) return node;
    const stack = stackOf(options, machine);
    if (E.isLeft(stack)) return stack;
    return E.right({ zone: zone.value, node: node.right, stack: stack.right, source });
  };
