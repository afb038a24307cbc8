import type { StackName } from '../../domain/names.ts';
import type { ReleasePlan } from '../../domain/release-plan.ts';
import type { ArtifactInbox } from '../../ports/artifact-inbox.ts';
import type { ArtifactIntake } from '../../ports/artifact-intake.ts';
import type { ArtifactStore } from '../../ports/artifact-store.ts';
import type { ChefServer } from '../../ports/chef-server.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SignalBus } from '../../ports/signal-bus.ts';
import type { StateStore } from '../../ports/state-store.ts';
import type { Log } from '../log.ts';
import type { LibrarianMetrics } from './metrics.ts';
import type { Notices } from './notice-settings.ts';
import type { Uploads } from './uploads.ts';

/** Everything the Librarian touches. */
export interface LibrarianPorts {
  readonly plan: ReleasePlan;
  readonly clock: Clock;
  readonly bus: SignalBus;
  readonly state: StateStore;
  readonly artifacts: ArtifactStore;
  /** One for each stack of the plan. */
  readonly chefServers: ReadonlyMap<StackName, ChefServer>;
  /** What signals name as `s3_bucket`: where nodes may fetch artifacts from. */
  readonly bucket: string;
  readonly intake: ArtifactIntake;
  /** Where artifacts appear that the service takes in by itself; absent where nothing is watched. */
  readonly inbox?: ArtifactInbox;
  /** The uploads of this process, as far as they are. */
  readonly uploads: Uploads;
  /** Whom it tells of what happens; absent where nobody is told. */
  readonly notices?: Notices;
  /** What a collector reads of this process; absent where nothing is measured. */
  readonly metrics?: LibrarianMetrics;
  readonly log: Log;
}
