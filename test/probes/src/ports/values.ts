import { fault } from '../domain/inner.ts'; // bites: no-restricted-syntax types only

export const value = fault; // bites: no-restricted-syntax types only
export class Port {} // bites: no-restricted-syntax types only, @typescript-eslint/no-extraneous-class
export { fault } from '../domain/inner.ts'; // bites: no-restricted-syntax types only
export * from '../domain/inner.ts'; // bites: no-restricted-syntax types only
export default fault; // bites: no-restricted-syntax types only
