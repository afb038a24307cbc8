/** What the other probes import; nothing here breaks a rule. */
export const adapter = 'memory';
export { shared } from '../text-body/inner.ts';
