/** What the other probes import; nothing here breaks a rule. */
export const fault = 'none';
