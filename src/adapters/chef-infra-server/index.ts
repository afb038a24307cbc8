/**
 * A stack's Chef Infra Server, over its API: signed requests, cookbooks through sandboxes, environments.
 *
 * @module
 */
export { chefInfraServer } from './chef-infra-server.ts';
export { type ChefInfraServerSettings, DEADLINE_MS_DEFAULT, DEADLINE_MS_MAX } from './settings.ts';
export type { SigningProtocol } from './sign-request.ts';
