import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** Keys for a time, as the service gives them out. */
export interface TemporaryKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** What somebody asked of the service. */
export interface SeenOrder {
  /** The parameters, `Action` among them. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
}

/** How the service answers. */
export type StsAnswer =
  | { readonly _tag: 'Keys'; readonly keys: TemporaryKeys; readonly lifetimeMs: number }
  | { readonly _tag: 'Failure'; readonly status: number; readonly code: string; readonly message: string }
  | { readonly _tag: 'Page'; readonly status: number; readonly body: string }
  | { readonly _tag: 'Silence' };

/** A stand-in for the service that gives out a role's keys. */
export interface FakeSts {
  readonly url: string;
  /** Every order so far, in order. */
  readonly orders: readonly SeenOrder[];
  /** Decides how orders are answered from now on. */
  readonly answer: (answer: StsAnswer) => void;
  readonly close: () => Promise<void>;
}

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

const keysXml = (action: string, { accessKeyId, secretAccessKey, sessionToken }: TemporaryKeys, expires: Date) => `
<${action}Response xmlns="${NAMESPACE}">
  <${action}Result>
    <Credentials>
      <AccessKeyId>${accessKeyId}</AccessKeyId>
      <SecretAccessKey>${secretAccessKey}</SecretAccessKey>
      <SessionToken>${sessionToken}</SessionToken>
      <Expiration>${expires.toISOString()}</Expiration>
    </Credentials>
  </${action}Result>
</${action}Response>`;

const failureXml = (code: string, message: string) => `
<ErrorResponse xmlns="${NAMESPACE}">
  <Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>
</ErrorResponse>`;

/**
 * Answers `AssumeRole` and `AssumeRoleWithWebIdentity` as Amazon documents them, to everybody and always as it was told
 * last; it looks at no signature.
 */
export const fakeSts = async (first: StsAnswer): Promise<FakeSts> => {
  const orders: SeenOrder[] = [];
  let current = first;

  const respond = (action: string, response: ServerResponse): void => {
    switch (current._tag) {
      case 'Keys': {
        const expires = new Date(Date.now() + current.lifetimeMs);
        response.writeHead(200, { 'content-type': 'text/xml' }).end(keysXml(action, current.keys, expires));
        return;
      }
      case 'Failure':
        response
          .writeHead(current.status, { 'content-type': 'text/xml' })
          .end(failureXml(current.code, current.message));
        return;
      case 'Page':
        response.writeHead(current.status, { 'content-type': 'text/html' }).end(current.body);
        return;
      case 'Silence':
    }
  };

  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const parameters = Object.fromEntries(new URLSearchParams(body));
      orders.push({ parameters, headers: request.headers });
      respond(parameters['Action'] ?? '', response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    orders,
    answer: (answer) => {
      current = answer;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
