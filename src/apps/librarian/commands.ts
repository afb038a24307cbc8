/**
 * The Librarian's commands: each asks the Librarian one thing and prints the answer, for people or as JSON.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { Person } from '../../domain/control-state.ts';
import type { HoldScope } from '../../domain/hold.ts';
import { formatHold } from '../../domain/hold-text.ts';
import type { PromoteRequest } from '../../domain/intervention.ts';
import { type EnvironmentName, parseName, type Slug, type Version } from '../../domain/names.ts';
import { explainOutcome } from '../../domain/outcome.ts';
import { formatDuration, formatInstant, plus, SECOND_MS } from '../../domain/time.ts';
import { fail } from '../cli/command.ts';
import { EXIT, type ExitCode } from '../cli/exit-code.ts';
import type { LoadedConfig } from '../cli/load.ts';
import { table } from '../cli/table.ts';
import type { Terminal } from '../cli/terminal.ts';
import { badData, type Failure } from '../failure.ts';
import { addArtifact } from './add-artifact.ts';
import {
  addHold,
  type Asker,
  approve,
  type InterventionReport,
  liftHold,
  promote,
  reject,
  rollback,
} from './intervene.ts';
import type { LibrarianPorts } from './librarian-ports.ts';
import { listArtifacts } from './list-artifacts.ts';
import {
  additionJson,
  explainProspect,
  holdsJson,
  interventionJson,
  openRequestJson,
  runRequestJson,
  statusJson,
  tickJson,
} from './report-json.ts';
import {
  openRunRequests,
  requestRun,
  type RunOrder,
  type RunRequestReport,
  type Withdrawal,
  withdrawRun,
} from './request-run.ts';
import { environmentsToRollBack, type RollbackScope } from './scopes.ts';
import { showArtifact, type ShownArtifact } from './show-artifact.ts';
import { holds, type Status, status } from './status.ts';
import { dryRun, tick } from './tick.ts';
import { reportUploads, type UploadProgress } from './uploads.ts';

/** Asks, and prints the answer or the failure. */
const ask = async <A>(
  terminal: Terminal,
  question: TE.TaskEither<Failure, A>,
  print: (answer: A) => ExitCode,
): Promise<ExitCode> => {
  const answer = await question();
  return E.isLeft(answer) ? fail(terminal, answer.left) : print(answer.right);
};

const printJson = (terminal: Terminal, json: object): void => {
  terminal.out(JSON.stringify(json));
};

const printTable = (terminal: Terminal, rows: readonly (readonly string[])[]): void => {
  for (const line of table(rows)) terminal.out(line);
};

/** What a command that may have left some stack behind ends with: trying again is right, and harmless. */
const afterTroubles = (terminal: Terminal, troubles: readonly { readonly detail: string }[]): ExitCode => {
  for (const { detail } of troubles) terminal.err(`signalbox: ${detail}`);
  return troubles.length === 0 ? EXIT.done : EXIT.tryAgain;
};

/** Who the audit trail says it was: a name that could not be read back is refused here (law L5). */
const askerOf = ({ environment }: Terminal, why: string): E.Either<Failure, Asker> => {
  const variable = environment['SUDO_USER'] === undefined ? 'USER' : 'SUDO_USER';
  return E.bimap(
    (detail: string) => badData(`${variable}: ${detail}`),
    (who: string): Asker => ({ who, why }),
  )(parseName(Person)(environment[variable] ?? 'unknown'));
};

/** {@link ask} for what somebody has to answer for. */
const askAs = <A>(
  terminal: Terminal,
  why: string,
  question: (asker: Asker) => TE.TaskEither<Failure, A>,
  print: (answer: A) => ExitCode,
): Promise<ExitCode> => ask(terminal, TE.chain(question)(TE.fromEither(askerOf(terminal, why))), print);

/** `signalbox librarian` */
export const librarian = async (ports: LibrarianPorts, terminal: Terminal, loaded: LoadedConfig): Promise<ExitCode> => {
  // Only the service needs a server; every other command is there sooner, and smaller, without.
  const [{ configuredHttp }, { serve }] = await Promise.all([import('./http/configured.ts'), import('./service.ts')]);
  const http = await configuredHttp(loaded, ports.clock);
  if (E.isLeft(http)) return fail(terminal, http.left, EXIT.badConfiguration);
  const { listen, tick_every: tickEveryMs, watch_every: watchEveryMs } = loaded.config;
  const { metered } = await import('./metered.ts');
  const served = await serve(metered(ports))({ listen, tickEveryMs, watchEveryMs, http: http.right }, terminal.abort);
  return E.isLeft(served) ? fail(terminal, served.left) : EXIT.done;
};

/** `signalbox train tick` */
export const trainTick = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { isDry, isJson }: { readonly isDry: boolean; readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, isDry ? dryRun(ports) : tick(ports), (report) => {
    if (isJson) printJson(terminal, tickJson(report, isDry));
    else {
      printTable(
        terminal,
        report.outcomes.map((outcome) => [
          outcome.environment,
          outcome._tag,
          isDry ? explainProspect(outcome) : explainOutcome(outcome),
        ]),
      );
    }
    return afterTroubles(terminal, report.troubles);
  });

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

/** How far an upload is, for people. */
const describeUpload = ({ version, stack, bytesDone, bytesTotal, files }: UploadProgress): string => {
  const done = O.isSome(files)
    ? `${files.value.done} of ${files.value.total} files`
    : `${bytesDone} of ${bytesTotal} bytes`;
  return `uploading ${version} to ${stack}: ${done}`;
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

/** What `signalbox hold add` was asked. */
export interface HoldOptions {
  readonly id: Slug;
  readonly scope: HoldScope;
  readonly reason: string;
  readonly owner: O.Option<string>;
  /** From now, in milliseconds; none: until it is lifted. */
  readonly expiresInMs: O.Option<number>;
}

/** `signalbox hold add` */
export const holdAdd = (ports: LibrarianPorts, terminal: Terminal, options: HoldOptions): Promise<ExitCode> =>
  askAs(
    terminal,
    options.reason,
    (asker) => {
      const { id, scope, reason, owner, expiresInMs } = options;
      const expiresAt = O.map((ms: number) => plus(ports.clock.now(), ms))(expiresInMs);
      return addHold(ports)(asker, { id, scope, reason, owner: O.getOrElse(() => asker.who)(owner), expiresAt });
    },
    (hold) => {
      terminal.out(`hold ${hold.id} added: ${formatHold(hold)}`);
      return EXIT.done;
    },
  );

/** `signalbox hold lift` */
export const holdLift = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { id, reason }: { readonly id: Slug; readonly reason: string },
): Promise<ExitCode> =>
  askAs(
    terminal,
    reason,
    (asker) => liftHold(ports)(asker, id),
    () => {
      terminal.out(`hold ${id} lifted`);
      return EXIT.done;
    },
  );

/** `signalbox hold list` */
export const holdList = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { isJson }: { readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, holds(ports), ({ holds: all }) => {
    if (isJson) printJson(terminal, holdsJson(all));
    else printTable(terminal, [['id', 'hold'], ...all.map((hold) => [hold.id, formatHold(hold)])]);
    return EXIT.done;
  });

const printIntervention = (terminal: Terminal, report: InterventionReport, isJson: boolean): ExitCode => {
  const json = interventionJson(report);
  if (isJson) printJson(terminal, json);
  else {
    for (const { environment, version, stacks, failed } of json.promotions) {
      if (stacks.length > 0) terminal.out(`${environment} promoted to ${version} on ${stacks.join(', ')}`);
      if (failed.length > 0) terminal.out(`${environment} not promoted to ${version} on ${failed.join(', ')}`);
    }
    for (const version of report.rejected) terminal.out(`${version} rejected`);
    if (report.promotions.length === 0) terminal.out('nothing to promote: it is pinned already');
  }
  return afterTroubles(terminal, report.troubles);
};

/** `signalbox promote` */
export const promoteCommand = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { request, reason, isJson }: { readonly request: PromoteRequest; readonly reason: string; readonly isJson: boolean },
): Promise<ExitCode> =>
  askAs(
    terminal,
    reason,
    (asker) => promote(ports)(asker, request),
    (report) => printIntervention(terminal, report, isJson),
  );

/** What `signalbox rollback` was asked. */
export interface RollbackOptions extends RollbackScope {
  readonly to: O.Option<Version>;
  readonly reason: string;
  readonly isJson: boolean;
}

/** `signalbox rollback` */
export const rollbackCommand = async (
  ports: LibrarianPorts,
  terminal: Terminal,
  options: RollbackOptions,
): Promise<ExitCode> => {
  const environments = environmentsToRollBack(ports.plan, options);
  if (E.isLeft(environments)) return fail(terminal, environments.left, EXIT.usage);
  const request = { environments: environments.right, to: options.to };
  return askAs(
    terminal,
    options.reason,
    (asker) => rollback(ports)(asker, request),
    (report) => printIntervention(terminal, report, options.isJson),
  );
};

const printBoard = (terminal: Terminal, ports: LibrarianPorts, board: Status): void => {
  const { stacks } = ports.plan;
  const { environments, next_departure } = statusJson(board);
  printTable(terminal, [
    ['environment', ...stacks, 'now'],
    ...environments.map(({ environment, pins, explanation }) => [
      environment,
      ...stacks.map((stack) => pins[stack] ?? (stack in pins ? '-' : '?')),
      explanation,
    ]),
  ]);
  terminal.out(`next departure ${next_departure}`);
  for (const upload of board.uploads) {
    const lasts = formatDuration(Math.floor((board.at - upload.since) / SECOND_MS) * SECOND_MS);
    terminal.out(`${describeUpload(upload)}, since ${formatInstant(upload.since)} (${lasts})`);
  }
};

/** `signalbox status` */
export const statusCommand = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { isJson }: { readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, status(ports), (board) => {
    if (isJson) printJson(terminal, statusJson(board));
    else printBoard(terminal, ports, board);
    return EXIT.done;
  });

/** `signalbox explain` */
export const explainCommand = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { environment, isJson }: { readonly environment: EnvironmentName; readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, status(ports), (board) => {
    const { environments } = statusJson(board);
    const row = environments.find((one) => one.environment === environment);
    if (row === undefined) {
      const known = environments.map((one) => one.environment).join(', ');
      return fail(terminal, { _tag: 'NotFound', detail: `environment: expected one of ${known}, got ${environment}` });
    }
    if (isJson) printJson(terminal, row);
    else terminal.out(`${row.environment} ${row.outcome === 'Promoted' ? '' : 'is '}${row.explanation}`);
    return EXIT.done;
  });

const printRequest = (terminal: Terminal, verb: string, report: RunRequestReport, isJson: boolean): ExitCode => {
  const { id, stacks, troubles } = report;
  if (isJson) printJson(terminal, runRequestJson(report));
  else if (stacks.length > 0) terminal.out(`run request ${id} ${verb} on ${stacks.join(', ')}`);
  else if (troubles.length === 0) terminal.out(`run request ${id} is open already`);
  return afterTroubles(terminal, troubles);
};

/** What `signalbox run-request` was asked. */
export interface RunRequestOptions {
  readonly order: RunOrder;
  readonly reason: string;
  readonly isJson: boolean;
}

/** `signalbox run-request` */
export const runRequestAdd = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { order, reason, isJson }: RunRequestOptions,
): Promise<ExitCode> =>
  askAs(
    terminal,
    reason,
    (asker) => requestRun(ports)(asker, order),
    (report) => printRequest(terminal, 'asked', report, isJson),
  );

/** `signalbox run-request withdraw` */
export const runRequestWithdraw = (
  ports: LibrarianPorts,
  terminal: Terminal,
  options: { readonly withdrawal: Withdrawal; readonly reason: string; readonly isJson: boolean },
): Promise<ExitCode> =>
  askAs(
    terminal,
    options.reason,
    (asker) => withdrawRun(ports)(asker, options.withdrawal),
    (report) => printRequest(terminal, 'withdrawn', report, options.isJson),
  );

/** `signalbox run-request list` */
export const runRequestList = (
  ports: LibrarianPorts,
  terminal: Terminal,
  { isJson }: { readonly isJson: boolean },
): Promise<ExitCode> =>
  ask(terminal, openRunRequests(ports), (open) => {
    const rows = open.map(openRequestJson);
    if (isJson) printJson(terminal, rows);
    else {
      printTable(terminal, [
        ['id', 'environment', 'stacks', 'nodes', 'expires', 'asked by', 'reason'],
        ...rows.map((row) => [
          row.id,
          row.environment,
          row.stacks.join(','),
          row.nodes?.join(' ') ?? 'all',
          row.expires,
          row.requested_by,
          row.reason,
        ]),
      ]);
    }
    return EXIT.done;
  });
