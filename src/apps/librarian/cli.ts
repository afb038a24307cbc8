/**
 * The Librarian's commands, as they stand on the command line.
 *
 * @module
 */
import type { BuilderMain } from '../builder/cli.ts';
import type { CommandLine, Loader } from '../cli/command-line.ts';
import { registerArtifacts } from './cli/artifacts.ts';
import { registerExport } from './cli/export.ts';
import { registerHolds } from './cli/holds.ts';
import { librarianLine, type LibrarianMain } from './cli/librarian-line.ts';
import { registerPromotions } from './cli/promotions.ts';
import { registerRunRequests } from './cli/run-requests.ts';
import { registerService } from './cli/service.ts';
import { registerStatus } from './cli/status.ts';
import { registerToken } from './cli/token.ts';
import { registerTrain } from './cli/train.ts';

/** The service, and all that is asked of a Librarian; help lists them in this order. */
export const registerLibrarian = (
  line: CommandLine,
  main: Loader<LibrarianMain>,
  builder: Loader<BuilderMain>,
): void => {
  const librarian = librarianLine(line, main);
  registerService(librarian);
  registerToken(line);
  registerTrain(librarian);
  registerArtifacts(librarian, builder);
  registerExport(librarian);
  registerPromotions(librarian);
  registerRunRequests(librarian);
  registerHolds(librarian);
  registerStatus(librarian);
};
