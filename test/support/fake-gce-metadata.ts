import { type FakeMetadata, isForwarded, startFakeMetadata } from './fake-metadata.ts';

export const GCE_TAG = 'signalbox-stack';

/** What the service says of its machine, by path below `/computeMetadata/v1/instance/`. */
const FACTS: Readonly<Record<string, string>> = {
  id: '4520031799277581759',
  name: 'web-17',
  zone: 'projects/123456789012/zones/us-central1-a',
  [`attributes/${GCE_TAG}`]: 'ironstone',
};

/** Compute Engine's metadata service as Google documents it; `host` is for `GCE_METADATA_HOST`. */
export const startFakeGceMetadata = (facts: Readonly<Record<string, string>> = {}): Promise<FakeMetadata> =>
  startFakeMetadata((request, response, isHostile) => {
    const { method, url = '', headers } = request;
    const answer = (status: number, text: string): void => {
      response
        .writeHead(status, {
          'metadata-flavor': 'Google',
          server: 'Metadata Server for VM',
          'content-type': 'text/html',
        })
        .end(text);
    };
    if (headers['metadata-flavor'] !== 'Google') {
      answer(403, 'Missing Metadata-Flavor:Google header.');
      return;
    }
    if (isForwarded(request)) {
      answer(403, 'Request was forwarded.');
      return;
    }
    if (method !== 'GET') {
      answer(405, '');
      return;
    }
    const path = url.replace(/^\/computeMetadata\/v1\/instance\//, '');
    const all: Readonly<Record<string, string>> = { ...FACTS, ...facts };
    const fact = isHostile && path === 'zone' ? 'projects/1/zones/..%2fetc' : all[path];
    if (fact === undefined) answer(404, 'Error 404 (Not Found)');
    else answer(200, fact);
  });
