import { childProcessRunner } from '../../src/adapters/child-process/index.ts';
import { processRunnerContract } from '../../src/adapters/contracts/index.ts';
import { keepsContract } from '../support/contract.ts';

keepsContract(
  'process runner',
  'child process',
  processRunnerContract(async () => ({ runner: childProcessRunner(), tearDown: async () => undefined })),
);
