import { readFileSync } from 'node:fs'; // bites: TS2591 node:fs

export const environment = process.env['HOME']; // bites: TS2591 'process'
export const timer: unknown = setTimeout(() => undefined, 1); // bites: TS2304 'setTimeout'
export const decoder: unknown = new TextDecoder(); // bites: TS2304 'TextDecoder'
export const elapsed: number = performance.now(); // bites: TS2304 'performance'
export const bytes: unknown = Buffer.from('text'); // bites: TS2591 'Buffer'
export const answer: unknown = fetch('http://127.0.0.1'); // bites: TS2304 'fetch'
export const read: unknown = readFileSync('file');
console.log('effect'); // bites: TS2584 'console'
