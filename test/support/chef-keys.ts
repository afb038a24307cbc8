/** A key pair in the form in which Chef hands keys out. It opens nothing. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Where the private key lies. */
export const CHEF_KEY_FILE: URL = new URL('chef-example.pem', import.meta.url);

/** The private key, as PEM. */
export const CHEF_KEY: string = readFileSync(CHEF_KEY_FILE, 'utf8');

/** The public key, as PEM. */
export const CHEF_PUBLIC_KEY: string = createPublicKey(CHEF_KEY).export({ type: 'spki', format: 'pem' }).toString();
