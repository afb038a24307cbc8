/**
 * The least that reads a signal from S3: one conditional GET with Node's own modules, signed by hand (AWS Signature,
 * version 4). Fixed keys, no deadline, no limit to a body, and everything but 200 and 304 is an end. Stands by itself, since
 * it is also run as a program.
 *
 * @module
 */
import { createHash, createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';

/** What is polled, as whom. */
export interface HandSignedTarget {
  readonly endpoint: string;
  readonly path: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const EMPTY = sha256('');

/** A poll: the first fetches, and every later one has to find that nothing changed. */
export const handSignedPoll = ({ endpoint, path, region, credentials }: HandSignedTarget): (() => Promise<void>) => {
  const { host, hostname, port } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true });
  let known: string | undefined;

  const signed = (): Record<string, string> => {
    const at = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
    const day = at.slice(0, 8);
    const headers: Record<string, string> = {
      host,
      ...(known === undefined ? {} : { 'if-none-match': known }),
      'x-amz-content-sha256': EMPTY,
      'x-amz-date': at,
    };
    const names = Object.keys(headers);
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
    const canonical = ['GET', path, '', ...lines, '', names.join(';'), EMPTY].join('\n');
    const scope = `${day}/${region}/s3/aws4_request`;
    const text = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n');
    const key = [region, 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${credentials.secretAccessKey}`, day));
    const signature = hmac(key, text).toString('hex');
    const credential = `Credential=${credentials.accessKeyId}/${scope}`;
    const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
    return { ...headers, authorization };
  };

  return () =>
    new Promise((resolve, reject) => {
      request({ hostname, port, path, agent, headers: signed() }, (response) => {
        const expected = known === undefined ? 200 : 304;
        known ??= response.headers.etag;
        response.resume().once('end', () => {
          if (response.statusCode === expected) resolve();
          else reject(new Error(`expected ${expected}, got ${response.statusCode ?? 'nothing'}`));
        });
      })
        .once('error', reject)
        .end();
    });
};
