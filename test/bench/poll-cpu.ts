import process from 'node:process';
import { s3SignalBus } from '../../src/adapters/s3/index.ts';
import type { Revision } from '../../src/ports/conditional-write.ts';
import { EnvironmentName, nameFromLiteral, StackName } from '../../src/domain/names.ts';
import { compareTimes } from './compare.ts';
import { handSignedPoll, type HandSignedTarget } from './hand-signed-poll.ts';
import { CREDENTIALS, REGION, startPolledBucket } from './polled-bucket.ts';
import { sdkPoll } from './sdk-poll.ts';
import type { Section } from './section.ts';

type Poll = () => Promise<void>;

const KEY = { stack: nameFromLiteral(StackName)('basalt'), environment: nameFromLiteral(EnvironmentName)('prod-1') };

const busPoll = (endpoint: string): Poll => {
  const bus = s3SignalBus({ bucket: 'bench', endpoint, pathStyle: true, region: REGION, credentials: CREDENTIALS });
  let known: Revision | undefined;
  return async () => {
    const reading = await bus.read(KEY, known);
    if (reading._tag === 'Fresh' && known === undefined) known = reading.revision;
    else if (reading._tag !== 'Unchanged') throw new Error(`expected Unchanged, got ${JSON.stringify(reading)}`);
  };
};

/** CPU time of this process for one poll, in milliseconds. */
const cpuMs = async (poll: Poll, times: number): Promise<number> => {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await poll();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / times;
};

const against = (name: string, alternative: string, alternativePoll: (target: HandSignedTarget) => Poll): Section => ({
  name,
  what: 'CPU of one unchanged poll of the S3 bus',
  alternative,
  measure: async ({ rounds, roundMs }) => {
    const { endpoint, close } = await startPolledBucket();
    try {
      const ours = busPoll(endpoint);
      const theirs = alternativePoll({ endpoint, path: '/bench/signal', region: REGION, credentials: CREDENTIALS });
      // About as many polls as fit into the time of a round; before the first, enough for every compiler to have had its turn.
      const times = Math.ceil(roundMs / 2);
      await cpuMs(ours, 5 * times);
      await cpuMs(theirs, 5 * times);
      return await compareTimes({ ours: () => cpuMs(ours, times), alternative: () => cpuMs(theirs, times) }, rounds);
    } finally {
      close();
    }
  },
});

/** What the adapter adds to the SDK that it uses. */
export const pollCpuSdk = against('poll-cpu-sdk', 'the bare call of the SDK', sdkPoll);

/** What both add to the least that could be done. */
export const pollCpuSigned = against('poll-cpu-signed', 'a GET of node:http that is signed by hand', handSignedPoll);
