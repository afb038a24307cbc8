import type { NodeName, Slug, ZoneId } from '../domain/names.ts';

/** What a cloud says of one of its machines. */
export interface Machine {
  /** The availability zone by the id that means the same place in every account, such as `use1-az4`. */
  readonly zone: ZoneId;
  /** The same zone by the name that the account knows it by, such as `us-east-1a`; equal to `zone` where it has one name. */
  readonly zoneName: ZoneId;
  /** What the cloud calls the machine for as long as it exists, such as `i-0abc…`. */
  readonly instanceId: NodeName;
  /** What people call it, where the cloud knows that. */
  readonly instanceName?: NodeName;
  /** The value of the tag that was asked for; absent where the machine has no such tag, or does not show it. */
  readonly tag?: string;
}

/** How asking a cloud about the machine ended. `detail` is one line that says what to do about it. */
export type MachineReading =
  | { readonly _tag: 'Found'; readonly machine: Machine }
  /** Something answers, and it is not this cloud: another one, a proxy, a page to log in. It is not believed. */
  | { readonly _tag: 'NotThisCloud'; readonly detail: string }
  /** The cloud answers, and what it says, or refuses to say, is of no use here. Asking again gives the same. */
  | { readonly _tag: 'Refused'; readonly detail: string }
  /** Nothing answers, or not in time, or the service has trouble. It may later. */
  | { readonly _tag: 'Unavailable'; readonly detail: string };

/** What is asked besides. */
export interface MachineQuestion {
  /** A tag of the machine whose value is wanted: on GCE an attribute. */
  readonly tag?: Slug;
}

/** A cloud's metadata service, which tells a machine where it stands. */
export interface MachineMetadata {
  /**
   * Asks about the machine that this runs on. Tries again by itself for as long as it may help, within a bound of its own,
   * and never rejects.
   *
   * @param abort - ends it early, as `Unavailable`.
   */
  readonly describe: (question: MachineQuestion, abort?: AbortSignal) => Promise<MachineReading>;
}
