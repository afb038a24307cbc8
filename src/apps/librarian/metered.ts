import type { ChefServer } from '../../ports/chef-server.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { type Asked, type LibrarianMetrics, librarianMetrics } from './metrics.ts';

/** `ports`, every question to them counted by its answer; a collector reads it over HTTP. */
export const metered = (
  ports: LibrarianPorts,
  metrics: LibrarianMetrics = librarianMetrics(ports.plan, ports.clock),
): LibrarianPorts => {
  const { bus, state, artifacts, chefServers } = ports;
  const { elapsedMs } = ports.clock;
  const measure =
    (asked: Asked) =>
    async <A extends { readonly _tag: string }>(answering: Promise<A>): Promise<A> => {
      const begun = elapsedMs();
      const answer = await answering;
      metrics.asked(asked, answer._tag, elapsedMs() - begun);
      return answer;
    };
  const measuredServer = (server: ChefServer): ChefServer => {
    const { stack } = server;
    const asked = (operation: string): Asked => ({ part: 'chef-server', operation, stack });
    return {
      ...server,
      upload: (...given) => measure(asked('upload'))(server.upload(...given)),
      completeArtifacts: () => measure(asked('list'))(server.completeArtifacts()),
      environment: (name) => measure(asked('environment'))(server.environment(name)),
      pin: (...given) => measure(asked('pin'))(server.pin(...given)),
    };
  };
  return {
    ...ports,
    metrics,
    bus: {
      ...bus,
      read: (...given) => measure({ part: 'bus', operation: 'read' })(bus.read(...given)),
      write: (...given) => measure({ part: 'bus', operation: 'write' })(bus.write(...given)),
    },
    state: {
      ...state,
      read: (key) => measure({ part: 'state', operation: 'read' })(state.read(key)),
      write: (...given) => measure({ part: 'state', operation: 'write' })(state.write(...given)),
    },
    artifacts: {
      ...artifacts,
      add: (...given) => measure({ part: 'artifacts', operation: 'add' })(artifacts.add(...given)),
      list: () => measure({ part: 'artifacts', operation: 'list' })(artifacts.list()),
      open: (version) => measure({ part: 'artifacts', operation: 'open' })(artifacts.open(version)),
    },
    chefServers: new Map([...chefServers].map(([stack, server]) => [stack, measuredServer(server)])),
  };
};
