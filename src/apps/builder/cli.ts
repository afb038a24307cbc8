import type { Command } from 'commander';
import * as O from 'fp-ts/lib/Option.js';
import { Version } from '../../domain/names.ts';
import { named } from '../cli/arguments.ts';
import type { CommandLine, Loader } from '../cli/command-line.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import { examples, exitCodes } from '../cli/help-text.ts';
import type { Terminal } from '../cli/terminal.ts';
import type { BuildRequest } from './build.ts';

/** What the command needs of the builder's `main.ts`. */
export interface BuilderMain {
  readonly artifactBuild: (request: BuildRequest, isJson: boolean, terminal: Terminal) => Promise<ExitCode>;
}

/** `signalbox artifact build`, among the commands for artifacts. */
export const registerBuild = (
  artifact: Command,
  { terminal, finish }: CommandLine,
  main: Loader<BuilderMain>,
): void => {
  artifact
    .command('build')
    .argument('<directory>', 'holds the cookbooks, as cookbooks/<name> and site-cookbooks/<name>')
    .description('make an artifact of a folder of cookbooks; the same folder and options make the same bytes')
    .requiredOption('--out <file>', 'the tarball, such as artifact.tar.gz; it appears whole')
    .option(
      '--version <version>',
      'its version (default: YYYYMMDD.SECONDS.0 of now, or of SOURCE_DATE_EPOCH)',
      named(Version),
    )
    .option('--author <text>', 'who made the commit (default: as Git knows it)')
    .option('--commit <hash>', 'what it is built from (default: as Git knows it)')
    .option('--stamp-site', 'give the site cookbooks the version of the artifact in the place of their own')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      examples(
        'artifact build . --out artifact.tar.gz',
        'artifact build . --out artifact.tar.gz --stamp-site --json',
        'artifact build /srv/chef --out 1.4.0.tar.gz --version 1.4.0 --author "Ops <ops@example.com>" --commit 3f2a9c1',
      ) +
        exitCodes([
          [EXIT.done, 'it was built'],
          [EXIT.badData, 'the folder is none to build from, or Git does not know the commit'],
          [EXIT.unavailable, 'the tarball cannot be written'],
        ]),
    )
    .action(
      (
        directory: string,
        options: {
          out: string;
          version?: Version;
          author?: string;
          commit?: string;
          stampSite?: true;
          json?: true;
        },
      ) =>
        finish(
          main().then(({ artifactBuild }) =>
            artifactBuild(
              {
                directory,
                file: options.out,
                version: O.fromNullable(options.version),
                author: O.fromNullable(options.author),
                commit: O.fromNullable(options.commit),
                stampsSite: options.stampSite === true,
              },
              options.json === true,
              terminal,
            ),
          ),
        ),
    );
};
