import { type FakeMetadata, isForwarded, startFakeMetadata } from './fake-metadata.ts';

/** EC2's metadata service, version 2, as AWS documents it. */
export interface FakeEc2Metadata extends FakeMetadata {
  /** For `AWS_EC2_METADATA_SERVICE_ENDPOINT`. */
  readonly endpoint: string;
  /** From now on the answer to a token request dies on its way, as in a container while the hop limit is 1. */
  readonly limitHops: () => void;
}

const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';

export const EC2_TAG = 'signalbox-stack';

/** What the service says of its machine, by path below `/latest/meta-data/`. */
const FACTS: Readonly<Record<string, string>> = {
  'instance-id': 'i-0abc123def456789a',
  'placement/availability-zone': 'us-east-1a',
  'placement/availability-zone-id': 'use1-az4',
  'placement/region': 'us-east-1',
  [`tags/instance/${EC2_TAG}`]: 'basalt',
};

/** @param tokenUses - after so many answers a token holds no more. */
export const startFakeEc2Metadata = async (
  facts: Readonly<Record<string, string>> = {},
  tokenUses = Infinity,
): Promise<FakeEc2Metadata> => {
  const usesLeft = new Map<string, number>();
  let given = 0;
  let hops = Infinity;
  const all: Readonly<Record<string, string>> = { ...FACTS, ...facts };

  const fake = await startFakeMetadata((request, response, isHostile) => {
    const { method, url = '', headers } = request;
    const status = (code: number): void => {
      response.writeHead(code, { server: 'EC2ws' }).end(code === 404 ? '<html>404 - Not Found</html>' : '');
    };
    if (isForwarded(request)) {
      status(403);
      return;
    }
    if (url === '/latest/api/token') {
      if (method !== 'PUT') {
        status(405);
        return;
      }
      const ttl = Number(headers[TTL]);
      if (!Number.isInteger(ttl) || ttl < 1 || ttl > 21_600) {
        status(400);
        return;
      }
      if (hops === 1) return;
      given += 1;
      const token = `AQAEA${given}==`;
      usesLeft.set(token, tokenUses);
      response.writeHead(200, { server: 'EC2ws', 'content-type': 'text/plain', [TTL]: String(ttl) }).end(token);
      return;
    }
    if (method !== 'GET') {
      status(405);
      return;
    }
    const token = String(headers['x-aws-ec2-metadata-token']);
    const left = usesLeft.get(token) ?? 0;
    if (left === 0) {
      status(401);
      return;
    }
    usesLeft.set(token, left - 1);
    const path = url.replace(/^\/latest\/meta-data\//, '');
    const fact = isHostile && path === 'placement/availability-zone-id' ? '../../etc' : all[path];
    if (fact === undefined) {
      status(404);
      return;
    }
    response.writeHead(200, { server: 'EC2ws', 'content-type': 'text/plain' }).end(fact);
  });
  return {
    ...fake,
    endpoint: `http://${fake.host}`,
    limitHops: () => {
      hops = 1;
    },
  };
};
