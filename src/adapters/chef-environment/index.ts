/**
 * A Chef environment as JSON: what the adapters for a chef-repo and for a Chef Infra Server share.
 *
 * @module
 */
export { decodeEnvironmentJson, encodeEnvironmentJson } from './environment-json.ts';
