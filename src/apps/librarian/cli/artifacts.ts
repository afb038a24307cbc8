import * as O from 'fp-ts/lib/Option.js';
import { Reason } from '../../../domain/control-state.ts';
import { Version } from '../../../domain/names.ts';
import { type BuilderMain, registerBuild } from '../../builder/cli.ts';
import { named } from '../../cli/arguments.ts';
import type { Loader } from '../../cli/command-line.ts';
import { examples } from '../../cli/help-text.ts';
import type { LibrarianLine } from './librarian-line.ts';

/** `signalbox artifact`; to build one, which needs no Librarian, is the builder's. */
export const registerArtifacts = (line: LibrarianLine, builder: Loader<BuilderMain>): void => {
  const { program, terminal, onLibrarian } = line;
  const run = onLibrarian(() => import('../commands/artifacts.ts'));
  const artifact = program.command('artifact').description('artifacts: build, add, list, show, reject, approve');

  registerBuild(artifact, line, builder);

  artifact
    .command('add <file>')
    .description('store an artifact and upload it to every stack')
    .option('--reason <text>', 'why; it goes into the audit trail', named(Reason))
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('artifact add 20250728.1753666491.0.tar.gz'))
    .action((file: string, options: { reason?: string; json?: true }) =>
      run((commands, ports) =>
        commands.artifactAdd(ports, terminal, {
          file,
          reason: O.fromNullable(options.reason),
          isJson: options.json === true,
        }),
      ),
    );

  artifact
    .command('list')
    .description('every artifact, the newest first')
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('artifact list', 'artifact list --json'))
    .action((options: { json?: true }) =>
      run((commands, ports) => commands.artifactList(ports, terminal, { isJson: options.json === true })),
    );

  artifact
    .command('show')
    .argument('<version>', 'which', named(Version))
    .description('one artifact: what it holds, which stacks have it, which environments are on it')
    .option('--json', 'one JSON document')
    .addHelpText('after', examples('artifact show 20250728.1753666491.0', 'artifact show 20250728.1753666491.0 --json'))
    .action((version: Version, options: { json?: true }) =>
      run((commands, ports) => commands.artifactShow(ports, terminal, { version, isJson: options.json === true })),
    );

  for (const [verb, description] of [
    ['reject', 'a version that is rejected neither boards nor travels'],
    ['approve', 'take a rejection back'],
  ] as const) {
    artifact
      .command(verb)
      .argument('<version>', 'which', named(Version))
      .description(description)
      .requiredOption('--reason <text>', 'why; it goes into the audit trail', named(Reason))
      .addHelpText('after', examples(`artifact ${verb} 20250728.1753666491.0 --reason "disks fill up"`))
      .action((version: Version, options: { reason: string }) =>
        run((commands, ports) => commands.artifactJudge(ports, terminal, { verb, version, reason: options.reason })),
      );
  }
};
