import type { EnvironmentName } from './names.ts';
import { formatInstant } from './time.ts';
import type { Step } from './train-memory.ts';

/**
 * Names one promotion of one environment among all that a plan ever makes, such as
 * `prod-1/20250728.1753666491.0/2026-01-05T12:30:00Z`. It is the same in whoever's hands the promotion is, and whoever
 * finishes it: what is logged, audited and notified of it carries it.
 */
export const promotionId = (
  environment: EnvironmentName,
  { version, openedAt }: Pick<Step, 'version' | 'openedAt'>,
): string => `${environment}/${version}/${formatInstant(openedAt)}`;
