import { argv, kill } from 'node:process'; // bites: no-restricted-imports 'argv'
import { readFileSync } from 'fs'; // bites: no-restricted-imports `node:` prefix

export const home = process.env['HOME']; // bites: no-restricted-globals 'process'
export const backDoor = globalThis.process.env; // bites: no-restricted-globals 'globalThis'
export const otherBackDoor: unknown = global; // bites: no-restricted-globals 'global'
export const used = { argv, kill, readFileSync };
