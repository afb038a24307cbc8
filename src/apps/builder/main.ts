/**
 * `signalbox artifact build`: needs no Librarian and no configuration.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { artifactBuilder } from '../../adapters/artifact-builder/index.ts';
import { gitCommitSource } from '../../adapters/git/index.ts';
import { systemClock } from '../../adapters/system-clock/index.ts';
import { EPOCH_SECONDS_MAX, epochMs, type EpochMs, SECOND_MS } from '../../domain/time.ts';
import { fail } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { Terminal } from '../cli/terminal.ts';
import { badData, type Failure } from '../failure.ts';
import { build, type BuildRequest, builtJson } from './build.ts';

/** When it is built: https://reproducible-builds.org/specs/source-date-epoch/ goes before the clock. */
const builtAt = ({ environment }: Terminal): E.Either<Failure, () => EpochMs> => {
  const text = environment['SOURCE_DATE_EPOCH'];
  if (text === undefined || text === '') return E.right(systemClock().now);
  return /^\d{1,12}$/.test(text) && Number(text) <= EPOCH_SECONDS_MAX
    ? E.right(() => epochMs(Number(text) * SECOND_MS))
    : E.left(badData(`SOURCE_DATE_EPOCH: expected seconds since 1970, got ${JSON.stringify(text.slice(0, 60))}`));
};

/** Builds an artifact, and says what it holds. */
export const artifactBuild = async (request: BuildRequest, isJson: boolean, terminal: Terminal): Promise<ExitCode> => {
  const time = builtAt(terminal);
  if (E.isLeft(time)) return fail(terminal, time.left);
  const ports = { builder: artifactBuilder(), commitOf: gitCommitSource, builtAt: time.right };
  const built = await build(ports)(request)();
  if (E.isLeft(built)) return fail(terminal, built.left);
  const json = builtJson(built.right);
  if (json.local_changes) {
    terminal.err(`signalbox: ${request.directory} has changes that commit ${json.manifest.latest_commit_hash} has not`);
  }
  if (isJson) terminal.out(JSON.stringify(json));
  else {
    const count = Object.keys({ ...json.manifest.cookbook_versions, ...json.manifest.site_cookbook_versions }).length;
    terminal.out(
      `${json.version} built: ${json.file}, ${count} cookbooks, ${json.size_bytes} bytes, sha256 ${json.sha256}`,
    );
  }
  return EXIT.done;
};
