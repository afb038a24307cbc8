/** The metrics of a Librarian that has done everything that is measured. */
import * as O from 'fp-ts/lib/Option.js';
import { memoryNotifier } from '../../src/adapters/memory/index.ts';
import { deliverDue } from '../../src/apps/librarian/deliver-notices.ts';
import { addHold, reject } from '../../src/apps/librarian/intervene.ts';
import type { LibrarianPorts } from '../../src/apps/librarian/librarian-ports.ts';
import { metered } from '../../src/apps/librarian/metered.ts';
import { type LibrarianMetrics, librarianMetrics } from '../../src/apps/librarian/metrics.ts';
import { noticesOf } from '../../src/apps/librarian/notice-settings.ts';
import { tick } from '../../src/apps/librarian/tick.ts';
import type { Hold } from '../../src/domain/hold.ts';
import { nameFromLiteral, Slug } from '../../src/domain/names.ts';
import { NOTICE_TYPES } from '../../src/domain/notification.ts';
import { MINUTE_MS, plus } from '../../src/domain/time.ts';
import type { ChefServer } from '../../src/ports/chef-server.ts';
import { add, IRONSTONE, must, NOON, TESTER, world, type World } from './librarian-world.ts';
import { environmentName, version } from './slack.ts';

const name = nameFromLiteral(Slug);

/** `ports` with metrics of their own. */
export const measuring = (ports: LibrarianPorts, hasProcessMetrics = false) => {
  const metrics: LibrarianMetrics = librarianMetrics(ports.plan, ports.clock, hasProcessMetrics);
  return { ...metered(ports, metrics), metrics };
};

/** Half past noon: dev is on 1.0.1, prod-1 on one of two stacks, since the other takes no pin; something is held and rejected. */
export const exercised = async (
  hasProcessMetrics = false,
): Promise<{ readonly on: World; readonly metrics: LibrarianMetrics }> => {
  const on = world();
  await add(on, '1.0.1');
  await add(on, '0.9.0');
  const notices = noticesOf({
    targets: [{ name: name('ops'), events: new Set(NOTICE_TYPES), notifier: memoryNotifier() }],
    stuckAfterMs: MINUTE_MS,
  });
  const plain = on.librarian();
  const ironstone = plain.chefServers.get(IRONSTONE);
  if (ironstone === undefined) throw new Error('expected a Chef server');
  let isFull = false;
  const full: ChefServer = {
    ...ironstone,
    pin: async (...given) => (isFull ? { _tag: 'Unavailable', detail: 'disk full' } : ironstone.pin(...given)),
  };
  const chefServers = new Map([...plain.chefServers, [IRONSTONE, full]]);
  const ports = measuring({ ...plain, chefServers, notices }, hasProcessMetrics);
  const hold: Hold = {
    id: name('disks'),
    scope: { _tag: 'environment', environment: environmentName('image') },
    reason: 'disks',
    owner: 'ada',
    expiresAt: O.none,
  };
  must(await addHold(ports)(TESTER, hold)());
  must(await reject(ports)(TESTER, version('0.9.0'))());
  must(await tick(ports)());
  must(await tick(ports)());
  await on.clock.advanceTo(plus(NOON, 30 * MINUTE_MS));
  isFull = true;
  must(await tick(ports)());
  must(await deliverDue(ports));
  return { on, metrics: ports.metrics };
};
