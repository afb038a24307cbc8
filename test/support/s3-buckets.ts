import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import type { ContractCase } from '../../src/adapters/contracts/index.ts';
import type { S3Settings } from '../../src/adapters/s3/index.ts';
import { keepsContract, skipsContract } from './contract.ts';
import type { S3Server } from './radosgw.ts';

/** Why there is no server to test against. */
export interface AbsentServer {
  readonly absent: string;
}

let asked: Promise<S3Server | AbsentServer> | undefined;

/** The radosgw of this run of the tests, which is started when it is asked for first. */
export const radosgw = (): Promise<S3Server | AbsentServer> =>
  (asked ??= fetch(inject('radosgwOnDemand')).then(async (answer) => {
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return JSON.parse(text) as S3Server | AbsentServer;
  }));

const variable = (name: string): string | undefined => process.env[`SIGNALBOX_TEST_S3_${name}`];

/** The server that the environment names, if it names one. */
const namedServer = (): S3Server | AbsentServer => {
  const [endpoint, accessKeyId, secretAccessKey] = ['ENDPOINT', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'].map(variable);
  if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
    return {
      absent:
        'SIGNALBOX_TEST_S3_ENDPOINT, SIGNALBOX_TEST_S3_ACCESS_KEY_ID and SIGNALBOX_TEST_S3_SECRET_ACCESS_KEY are not set',
    };
  }
  return { endpoint, accessKeyId, secretAccessKey, region: variable('REGION') ?? 'us-east-1' };
};

/** A bucket of a test's own. */
export interface TestBucket {
  /** How an adapter reaches it, under a prefix that nothing else uses. */
  readonly settings: S3Settings;
  /** Puts bytes there, whatever lies there. */
  readonly plant: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Removes what lies there. */
  readonly erase: (path: string) => Promise<void>;
}

/** Makes buckets of one server, and removes them with all they hold. */
export interface TestBuckets {
  readonly make: () => Promise<TestBucket>;
  readonly removeAll: () => Promise<void>;
}

/** One bucket of `server`, made when it is needed; each call of `make` answers a prefix of its own in it. */
export const testBuckets = (server: S3Server): TestBuckets => {
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  const bucket = `signalbox-test-${randomUUID()}`;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  let made: Promise<unknown> | undefined;
  let prefixes = 0;
  return {
    make: async () => {
      await (made ??= client.send(new CreateBucketCommand({ Bucket: bucket })));
      prefixes += 1;
      const prefix = `case-${prefixes}/fleet`;
      return {
        settings: { bucket, prefix, region, endpoint, pathStyle: true, allowHttp: true, credentials },
        plant: async (path, bytes) => {
          await client.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/${path}`, Body: bytes }));
        },
        erase: async (path) => {
          await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${prefix}/${path}` }));
        },
      };
    },
    removeAll: async () => {
      if (made === undefined) return;
      for (;;) {
        const { Contents: contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
        if (contents.length === 0) break;
        const keys = contents.map(({ Key: key }) => ({ Key: key }));
        await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys, Quiet: true } }));
      }
      await client.send(new DeleteBucketCommand({ Bucket: bucket }));
      client.destroy();
    },
  };
};

/**
 * Declares a port's contract over S3: radosgw where it is installed, and the server that `SIGNALBOX_TEST_S3_ENDPOINT`
 * names. Where one of them is not there, its tests say that they were skipped, and why.
 *
 * @param casesOn - the port's contract, each of whose cases has a prefix of its own.
 */
export const keepsContractOnS3 = (
  port: string,
  casesOn: (makeBucket: () => Promise<TestBucket>) => readonly ContractCase[],
): void => {
  const over = (name: string, serverOf: () => Promise<S3Server | AbsentServer>): void => {
    let buckets: TestBuckets | undefined;
    const make = async (): Promise<TestBucket> => {
      const server = await serverOf();
      if ('absent' in server) throw new Error(server.absent);
      return (buckets ??= testBuckets(server)).make();
    };
    afterAll(() => buckets?.removeAll());
    keepsContract(
      port,
      name,
      casesOn(make).map((one) => ({
        name: one.name,
        run: async () => {
          const server = await serverOf();
          return 'absent' in server ? { _tag: 'NotApplicable', reason: server.absent } : one.run();
        },
      })),
    );
  };
  over('S3 (radosgw)', radosgw);
  const named = namedServer();
  const name = 'S3 (SIGNALBOX_TEST_S3_ENDPOINT)';
  if ('absent' in named) skipsContract(port, name, named.absent);
  else over(name, async () => named);
};
