/**
 * `signalbox artifact`: adds artifacts, shows them, and says which may travel.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import type { Version } from '../../../domain/names.ts';
import { plus } from '../../../domain/time.ts';
import { fail } from '../../cli/command.ts';
import { EXIT, type ExitCode } from '../../cli/exit-code.ts';
import type { Terminal } from '../../cli/terminal.ts';
import { badData, type Failure } from '../../failure.ts';
import { addArtifact } from '../add-artifact.ts';
import { type Asker, approve, reject } from '../intervene.ts';
import type { LibrarianPorts } from '../librarian-ports.ts';
import { listArtifacts } from '../list-artifacts.ts';
import { additionJson } from '../report-json.ts';
import { showArtifact, type ShownArtifact } from '../show-artifact.ts';
import { reportUploads } from '../uploads.ts';
import { afterTroubles, ask, askAs, printJson, printTable } from './ask.ts';
import { describeUpload } from './describe-upload.ts';

/** A file's bytes, streamed when they are asked for: an error then has somebody to hear it. */
async function* bytesOf(handle: FileHandle): AsyncGenerator<Uint8Array> {
  yield* handle.createReadStream() as AsyncIterable<Buffer>;
}

const openFile = async (file: string): Promise<E.Either<Failure, FileHandle>> => {
  try {
    const handle = await open(file);
    if (!(await handle.stat()).isDirectory()) return E.right(handle);
    await handle.close();
    return E.left(badData(`${file}: expected a tar.gz, got a directory`));
  } catch (error) {
    return E.left(badData(`${file}: expected a file: ${error instanceof Error ? error.message : String(error)}`));
  }
};

/** How often a terminal is shown how far uploads are, in milliseconds. */
const SHOW_EVERY_MS = 500;

/** Shows and publishes how far uploads are, until `abort`. */
const tellUploads = async (ports: LibrarianPorts, terminal: Terminal, abort: AbortSignal): Promise<void> => {
  const show = async ({ progress }: Terminal): Promise<void> => {
    while (progress !== undefined && !abort.aborted) {
      progress(ports.uploads.underWay().map(describeUpload).join('; '));
      await ports.clock.sleepUntil(plus(ports.clock.now(), SHOW_EVERY_MS), abort);
    }
    progress?.('');
  };
  await Promise.all([reportUploads(ports, randomUUID(), abort), show(terminal)]);
};

/** What `signalbox artifact add` was asked. */
export interface ArtifactAddOptions {
  readonly file: string;
  /** None: that it came. */
  readonly reason: O.Option<string>;
  readonly isJson: boolean;
}

/** `signalbox artifact add` */
export const artifactAdd = async (
  ports: LibrarianPorts,
  terminal: Terminal,
  { file, reason, isJson }: ArtifactAddOptions,
): Promise<ExitCode> => {
  const opened = await openFile(file);
  if (E.isLeft(opened)) return fail(terminal, opened.left);
  const tarball = bytesOf(opened.right);
  const why = O.getOrElse(() => 'received')(reason);
  const add = (asker: Asker) => async () => {
    const over = new AbortController();
    const told = tellUploads(ports, terminal, over.signal);
    const added = await addArtifact(ports)(tarball, asker)();
    over.abort();
    await told;
    return added;
  };
  return askAs(terminal, why, add, (added) => {
    const { version, sha256 } = added.record;
    if (isJson) printJson(terminal, additionJson(added));
    else terminal.out(`${version} ${added.isNew ? 'added' : 'was there already'}, sha256 ${sha256}`);
    return afterTroubles(terminal, added.troubles);
  });
};

/** `signalbox artifact list` */
export const artifactList = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { isJson }: { readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, listArtifacts(ports), (artifacts) => {
    if (isJson) printJson(terminal, artifacts);
    else {
      printTable(terminal, [
        ['version', 'complete on', 'rejected', 'sha256'],
        ...artifacts.map(({ version, complete_on, rejected, sha256 }) => [
          version,
          complete_on.join(','),
          rejected ? 'rejected' : '',
          sha256,
        ]),
      ]);
    }
    return EXIT.done;
  });

const artifactRows = (shown: ShownArtifact): readonly (readonly string[])[] => {
  const { manifest, rejected, environments } = shown;
  const list = (items: readonly string[]): string => (items.length === 0 ? '-' : items.join(', '));
  const versions = (cookbooks: Readonly<Record<string, string>>): string =>
    list(Object.entries(cookbooks).map(([name, version]) => `${name} ${version}`));
  return [
    ['version', shown.version],
    ['commit', `${manifest.latest_commit_hash} by ${manifest.author}`],
    ['added', `${shown.added_at}, ${shown.size_bytes} bytes, sha256 ${shown.sha256}`],
    ['complete on', list(shown.complete_on)],
    ...(shown.missing_on.length === 0 ? [] : [['missing on', list(shown.missing_on)]]),
    ...(shown.unknown_on.length === 0 ? [] : [['no answer from', list(shown.unknown_on)]]),
    ...(rejected === null ? [] : [['rejected', `by ${rejected.by} at ${rejected.at}: ${rejected.reason}`]]),
    ['environments', list(environments.map(({ environment, stacks }) => `${environment} (${stacks.join(', ')})`))],
    ['cookbooks', versions(manifest.cookbook_versions)],
    ['site cookbooks', versions(manifest.site_cookbook_versions)],
  ];
};

/** `signalbox artifact show` */
export const artifactShow = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { version, isJson }: { readonly version: Version; readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, showArtifact(ports, version), (shown) => {
    if (isJson) printJson(terminal, shown);
    else printTable(terminal, artifactRows(shown));
    return EXIT.done;
  });

/** What is said of a version. */
export interface Judgement {
  readonly verb: 'reject' | 'approve';
  readonly version: Version;
  readonly reason: string;
}

/** `signalbox artifact reject` and `approve` */
export const artifactJudge = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { verb, version, reason }: Judgement,
): Promise<ExitCode> =>
  askAs(
    terminal,
    reason,
    (asker) => (verb === 'reject' ? reject : approve)(ports)(asker, version),
    () => {
      terminal.out(`${version} ${verb === 'reject' ? 'rejected' : 'approved'}`);
      return EXIT.done;
    },
  );
