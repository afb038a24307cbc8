/**
 * The forecast's one part: the file that it is made from.
 *
 * @module
 */
import * as E from 'fp-ts/lib/Either.js';
import { ForecastRequest } from '../../domain/forecast-request.ts';
import { fail } from '../cli/command.ts';
import type { ExitCode } from '../cli/exit-code.ts';
import { loadDocument } from '../cli/load.ts';
import type { Terminal } from '../cli/terminal.ts';
import { forecastCommand, type ForecastOptions } from './commands.ts';

/** `signalbox forecast` */
export const forecast = async (file: string, options: ForecastOptions, terminal: Terminal): Promise<ExitCode> => {
  const request = await loadDocument(file, ForecastRequest);
  return E.isLeft(request) ? fail(terminal, request.left) : forecastCommand(request.right, terminal, options);
};
