import * as t from 'io-ts';
import { EnvironmentName, NodeName, StackName } from '../../domain/names.ts';
import type { NodeIdentity } from '../../domain/node-state.ts';

/** The file that bootstrap writes and the Summoner reads: who this node is. */
export const NodeFile: t.Type<NodeIdentity, object> = t.type(
  { stack: StackName, environment: EnvironmentName, node: NodeName },
  'NodeFile',
);
