export const dice = (): number => Math.random(); // bites: no-restricted-properties 'Math.random'
export const byLocale = (a: string, b: string): number => a.localeCompare(b); // bites: no-restricted-syntax depends on the machine
export const shout = (text: string): string => text.toLocaleUpperCase(); // bites: no-restricted-syntax depends on the machine
let calls = 0; // bites: no-restricted-syntax remembers nothing
export const count = (): number => (calls += 1);
export const later = async (): Promise<number> => 1; // bites: no-restricted-syntax no effects
