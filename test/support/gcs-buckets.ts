/** Buckets of their own for suites that need Cloud Storage: on the fake, and wherever the environment points. */
import { randomUUID } from 'node:crypto';
import { env } from 'node:process';
import { Storage } from '@google-cloud/storage';
import type { ContractCase } from '../../src/adapters/contracts/index.ts';
import type { GcsSettings } from '../../src/adapters/gcs/index.ts';
import { keepsContract, skipsContract } from './contract.ts';
import { fakeGcs } from './fake-gcs.ts';

/** A bucket that is there for one test. */
export interface TestBucket {
  readonly settings: GcsSettings;
  /** Puts bytes under a name below the prefix, whatever is there. */
  readonly plant: (name: string, bytes: Uint8Array) => Promise<void>;
  /** Removes what lies under a name below the prefix. */
  readonly erase: (name: string) => Promise<void>;
  /** The names below the prefix. */
  readonly names: () => Promise<readonly string[]>;
  readonly remove: () => Promise<void>;
}

const PREFIX = 'a prefix/ünder';

/** Makes a bucket at an endpoint, by the client's own means. */
export const bucketAt = async (apiEndpoint: string): Promise<TestBucket> => {
  const isPlain = apiEndpoint.startsWith('http:');
  const storage = new Storage({
    apiEndpoint,
    useAuthWithCustomEndpoint: !isPlain,
    ...(isPlain ? { projectId: 'signalbox-test' } : {}),
  });
  const bucket = storage.bucket(`signalbox-test-${randomUUID()}`);
  await bucket.create();
  return {
    settings: { bucket: bucket.name, prefix: PREFIX, apiEndpoint, allowHttp: isPlain },
    plant: (name, bytes) => bucket.file(`${PREFIX}/${name}`).save(Buffer.from(bytes), { resumable: false }),
    erase: async (name) => {
      await bucket.file(`${PREFIX}/${name}`).delete();
    },
    names: async () => {
      const [files] = await bucket.getFiles({ prefix: `${PREFIX}/` });
      return files.map(({ name }) => name.slice(PREFIX.length + 1));
    },
    remove: async () => {
      await bucket.deleteFiles({ force: true });
      await bucket.delete();
    },
  };
};

/** A bucket on a fake of its own. */
export const bucketOnFake = async (): Promise<TestBucket> => {
  const fake = await fakeGcs();
  const bucket = await bucketAt(fake.endpoint);
  return { ...bucket, remove: () => fake.close() };
};

const VARIABLE = 'SIGNALBOX_TEST_GCS_ENDPOINT';

/** Declares a port's contract over the fake, and over the endpoint that the environment names. */
export const keepsContractOnGcs = (
  port: string,
  casesOn: (makeBucket: () => Promise<TestBucket>) => readonly ContractCase[],
): void => {
  keepsContract(port, 'GCS (fake)', casesOn(bucketOnFake));
  const endpoint = env[VARIABLE];
  const adapter = `GCS (${VARIABLE})`;
  if (endpoint === undefined) {
    skipsContract(port, adapter, `${VARIABLE} is not set`);
  } else {
    keepsContract(
      port,
      adapter,
      casesOn(() => bucketAt(endpoint)),
    );
  }
};
