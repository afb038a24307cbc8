import { join } from 'node:path';
import type { LoadedConfig } from '../cli/load.ts';

/** The directory of the node's own state. */
export const stateDirectory = ({ config, pathOf }: LoadedConfig): string => pathOf(config.node_state);

/** Where the daemon tells what it does, in the directory of the node's state. */
export const statusPath = (directory: string): string => join(directory, 'status.json');

/** Where people leave what they ask of it. */
export const requestsPath = (directory: string): string => join(directory, 'requests');
