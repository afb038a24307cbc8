/**
 * What nodes have applied when a scenario starts.
 *
 * @module
 */
import type { Version } from '../../domain/names.ts';
import type { SignalKey } from '../../domain/signal.ts';
import type { Scenario } from './scenario.ts';

/**
 * What the nodes of a place have applied, with success at the start: what the scenario has installed, or what the place was
 * told last; nothing where they are new.
 */
export const installedAt = (
  { start, installed }: Pick<Scenario, 'start' | 'installed'>,
  { stack, environment }: SignalKey,
): Version | undefined => (start === undefined ? installed : start.signals.get(environment)?.get(stack)?.version);
