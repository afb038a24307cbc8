import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it, test } from 'vitest';
import { EnvironmentName, nameFromLiteral, StackName } from '../../src/domain/names.ts';
import {
  admitSignal,
  decodeSignal,
  encodeSignal,
  formatSignalRefusal,
  NODE_PATTERNS_MAX,
  RUN_REQUESTS_MAX,
  Signal,
  SIGNAL_BYTES_MAX,
  type SignalJson,
  type SignalKey,
  signalPath,
  type SignalRefusal,
  SPLAY_SECONDS_MAX,
  triggerOf,
} from '../../src/domain/signal.ts';
import {
  EPOCH_SECONDS_MAX,
  type EpochMs,
  epochMs,
  epochMsOfTimestamp,
  nextTimestamp,
  ordTimestamp,
  plus,
} from '../../src/domain/time.ts';
import * as arb from '../support/arbitraries.ts';
import { property } from '../support/property.ts';

/** The signal as Slack Engineering published it. */
const PUBLISHED = readFileSync(new URL('../vectors/slack-signal.json', import.meta.url), 'utf8');
const PUBLISHED_JSON = JSON.parse(PUBLISHED) as SignalJson;
const PUBLISHED_PATHS = arb.fieldPaths(PUBLISHED_JSON);

const KEY: SignalKey = {
  stack: nameFromLiteral(StackName)('basalt'),
  environment: nameFromLiteral(EnvironmentName)('prod-1'),
};

const TOLERANCE_MS = 5 * 60_000;

const valid = (text: string): Signal => {
  const decoded = decodeSignal(text);
  if (E.isLeft(decoded)) throw new Error(formatSignalRefusal(decoded.left));
  return decoded.right;
};

const refusal = <A>(result: E.Either<SignalRefusal, A>): SignalRefusal => {
  if (E.isRight(result)) throw new Error('expected a refusal, got a signal');
  return result.left;
};

/** The line that says why `text` is no signal; fails when it is one, and when the line is none. */
const refusalLine = (text: string): string => {
  const line = formatSignalRefusal(refusal(decodeSignal(text)));
  expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  expect(line.length).toBeLessThan(10_000);
  return line;
};

/** The published signal with `token` where the field at `path`, written with dots, stands. */
const publishedWith = (path: string, token: string | undefined): string =>
  arb.withToken(PUBLISHED_JSON, path.split('.'), token);

/** The published signal with further fields of ours. */
const publishedAnd = (further: object): string => JSON.stringify({ ...PUBLISHED_JSON, ...further });

const RUN_REQUEST = {
  id: 'req-1',
  requested_by: 'ada',
  reason: 'certificates',
  issued: 1753668151,
  expires: 1753671751,
  splay: 60,
  nodes: ['web-*'],
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** Law S2 for one text: a signal that is written and read back the same, or a refusal that can be told in one line. */
const expectTotal = (text: string): E.Either<SignalRefusal, Signal> => {
  const decoded = decodeSignal(text);
  if (E.isRight(decoded)) {
    expect(Signal.is(decoded.right)).toBe(true);
    expect(decodeSignal(encodeSignal(decoded.right))).toStrictEqual(decoded);
  } else {
    refusalLine(text);
  }
  return decoded;
};

describe('the wire', () => {
  test('S1: the published example is decoded, field by field', () => {
    expect(valid(PUBLISHED)).toStrictEqual({
      departures: O.none,
      splaySeconds: 15,
      timestamp: { epochSeconds: 1753668151, nanoseconds: 54_989_714 },
      manifestRecord: {
        version: '20250728.1753666491.0',
        stack: 'basalt',
        uploadedEpochSeconds: 1753666611,
        latestCommitHash: 'XXXXXXXXXXXXXX',
        manifest: {
          baseVersion: '20250728.1753666491.0',
          latestCommitHash: 'XXXXXXXXXXXXXX',
          author: 'Archie Gunasekara <agunasekara@slack-corp.com>',
          cookbookVersions: { apt: '7.5.23', aws: '9.2.1' },
          siteCookbookVersions: { apache2: '20250728.1753666491.0', squid: '20250728.1753666491.0' },
        },
        s3Bucket: 'BUCKET_NAME',
        s3Key: '20250728.1753666491.0.tar.gz',
        ttlEpochSeconds: 1756085811,
        uploadComplete: true,
      },
      environment: O.none,
      runRequests: [],
    });
  });

  test('S1: the published example is encoded to the text it was, character by character', () => {
    expect(encodeSignal(valid(PUBLISHED))).toBe(PUBLISHED.trimEnd());
  });

  property('S1: decoding undoes encoding, on every valid signal', [arb.signal], (signal) => {
    expect(decodeSignal(encodeSignal(signal))).toStrictEqual(E.right(signal));
    expect(Signal.decode(Signal.encode(signal))).toStrictEqual(E.right(signal));
    expect(Signal.is(signal)).toBe(true);
  });

  const further = fc.array(
    fc.tuple(
      fc.oneof(
        arb.dangerousKey,
        fc.constantFrom('splay', 'environment', 'run_requests', 'TTL', ''),
        fc
          .string()
          .filter((key) => !['Splay', 'Timestamp', 'ManifestRecord', 'Environment', 'RunRequests'].includes(key)),
      ),
      fc.oneof(arb.jsonValue, fc.constantFrom({ RunRequests: 5 }, { Environment: '../x' }, { nodes: [0] })),
    ),
    { maxLength: 4 },
  );
  property(
    'S1, fault 11: unknown fields are ignored wherever they stand, __proto__ among them',
    [arb.signal, further, further, further],
    (signal, inSignal, inRecord, inManifest) => {
      const json = JSON.parse(encodeSignal(signal)) as SignalJson;
      const text = JSON.stringify({
        ...Object.fromEntries(inSignal),
        ...json,
        ManifestRecord: {
          ...Object.fromEntries(inRecord.map(([key, value]) => [`x${key}`, value])),
          ...Object.fromEntries(inRecord.filter(([key]) => key === '__proto__')),
          ...json.ManifestRecord,
          manifest_content: {
            ...Object.fromEntries(inManifest.map(([key, value]) => [`x${key}`, value])),
            ...Object.fromEntries(inManifest.filter(([key]) => key === '__proto__')),
            ...json.ManifestRecord.manifest_content,
          },
        },
      });
      expect(decodeSignal(text)).toStrictEqual(E.right(signal));
    },
  );

  property('the guard accepts signals and no JSON', [arb.jsonValue, arb.signal], (json, signal) => {
    expect(Signal.is(json)).toBe(false);
    expect(Signal.is(JSON.parse(encodeSignal(signal)))).toBe(false);
    expect(Signal.is({ ...signal, timestamp: undefined })).toBe(false);
    expect(Signal.is({ ...signal, environment: O.some('../x') })).toBe(false);
    expect(Signal.is({ ...signal, manifestRecord: { ...signal.manifestRecord, ttlEpochSeconds: -1 } })).toBe(false);
  });

  property('S1: white space changes nothing', [arb.signal, fc.constantFrom(undefined, 1, '\t')], (signal, indent) => {
    expect(decodeSignal(JSON.stringify(Signal.encode(signal), null, indent))).toStrictEqual(E.right(signal));
  });

  test('S7: the key is a path of two names', () => {
    expect(signalPath(KEY)).toBe('chef-run-triggers/basalt/prod-1');
  });

  property('S7: no key leaves its folder or meets another', [arb.signalKey, arb.signalKey], (a, b) => {
    expect(signalPath(a)).toMatch(/^chef-run-triggers\/[A-Za-z0-9][A-Za-z0-9_-]*\/[A-Za-z0-9][A-Za-z0-9_-]*$/);
    expect(signalPath(a) === signalPath(b)).toBe(a.stack === b.stack && a.environment === b.environment);
  });
});

describe('S2: a body that is no signal', () => {
  property('any text is a signal or a refusal, never a throw', [fc.string({ unit: 'binary' })], (text) => {
    expectTotal(text);
  });
  property('any JSON is a signal or a refusal, never a throw', [arb.jsonValue], (json) => {
    expectTotal(JSON.stringify(json));
  });
  property(
    'a signal with one field replaced is refused by that field, or is another signal',
    [arb.mutatedSignal],
    ({ text, field, token }) => {
      const decoded = expectTotal(text);
      if (E.isRight(decoded) || (token !== undefined && !isJson(token))) return;
      if (decoded.left._tag !== 'InvalidFields') {
        expect(decoded.left._tag).toBe('TooDeep');
        return;
      }
      // An interval that is shorter than the offset shows by the offset.
      const place = field === 'Departures.every' ? 'Departures' : field;
      for (const error of decoded.left.errors) expect(`${error.field}.`.startsWith(`${place}.`)).toBe(true);
    },
    { numRuns: 1_000 },
  );

  property(
    'a signal with some characters replaced is a signal or a refusal',
    [
      arb.signal,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom('"', '{', '}', '[', ',', ':', '\\', '\u0000', '9', 'e', '')), {
        minLength: 1,
        maxLength: 3,
      }),
    ],
    (signal, edits) => {
      const text = edits.reduce((body, [at, character]) => {
        const index = at % body.length;
        return body.slice(0, index) + character + body.slice(index + 1);
      }, encodeSignal(signal));
      expectTotal(text);
    },
    { numRuns: 300 },
  );

  it.each(PUBLISHED_PATHS.map((path) => path.join('.')).filter((path) => !/_versions\./.test(path)))(
    'fault 12: %s missing or null is refused, naming it',
    (field) => {
      expect(refusalLine(publishedWith(field, undefined))).toMatch(new RegExp(`^${field}: expected .+, got nothing$`));
      expect(refusalLine(publishedWith(field, 'null'))).toMatch(new RegExp(`^${field}: expected .+, got null$`));
    },
  );

  it.each(['Environment', 'RunRequests'])('fault 12: %s may be missing but not null', (field) => {
    expect(refusalLine(publishedAnd({ [field]: null }))).toMatch(new RegExp(`^${field}: expected .+, got null$`));
  });

  test('fault 12: a cookbook without a version is refused, naming it', () => {
    expect(refusalLine(publishedWith('ManifestRecord.manifest_content.cookbook_versions.apt', 'null'))).toMatch(
      /^ManifestRecord\.manifest_content\.cookbook_versions\.apt: expected a version name: .+, got null$/,
    );
  });

  test('fault 12: every faulty field is named in one answer', () => {
    expect(refusalLine('{"Splay":-1,"Timestamp":7,"Environment":"../x"}')).toMatch(
      /^Splay: .+; Timestamp: .+; ManifestRecord: .+; Environment: .+$/,
    );
  });

  const NUMBERS = ['Splay', 'ManifestRecord.datetime', 'ManifestRecord.ttl'];
  const inRange = (field: string) =>
    `an integer from 0 to ${field === 'Splay' ? SPLAY_SECONDS_MAX : EPOCH_SECONDS_MAX}`;

  it.each(NUMBERS)('fault 13: 1e999 is refused, naming %s', (field) => {
    expect(refusalLine(publishedWith(field, '1e999'))).toBe(`${field}: expected ${inRange(field)}, got Infinity`);
    expect(refusalLine(publishedWith(field, '-1e999'))).toBe(`${field}: expected ${inRange(field)}, got -Infinity`);
  });

  it.each(NUMBERS)('fault 13: NaN and Infinity are no JSON, and refused for %s as a whole', (field) => {
    for (const token of ['NaN', 'Infinity', '-Infinity']) {
      expect(refusalLine(publishedWith(field, token))).toMatch(/^body: expected JSON, got /);
    }
  });

  it.each(NUMBERS)('fault 14: negative, fractional and oversized numbers are refused, naming %s', (field) => {
    for (const [token, got] of [
      ['-1', '-1'],
      ['-0', '-0'],
      ['0.5', '0.5'],
      ['1e-9', '1e-9'],
      ['-9007199254740993', '-9007199254740992'],
      ['253402300800', '253402300800'],
      ['1e300', '1e+300'],
    ] as const) {
      expect(refusalLine(publishedWith(field, token))).toBe(`${field}: expected ${inRange(field)}, got ${got}`);
    }
  });

  it.each(NUMBERS)('fault 14: a number as text is refused, naming %s', (field) => {
    expect(refusalLine(publishedWith(field, '"15"'))).toBe(`${field}: expected ${inRange(field)}, got "15"`);
  });

  it.each([
    ['0', 0],
    [String(SPLAY_SECONDS_MAX), SPLAY_SECONDS_MAX],
    ['1e1', 10],
  ])('a splay of %s is in range', (token, splaySeconds) => {
    expect(valid(publishedWith('Splay', token)).splaySeconds).toBe(splaySeconds);
  });

  test('fault 15: a splay longer than a day is refused, naming Splay, so that no timer overflows', () => {
    expect(refusalLine(publishedWith('Splay', '2147484'))).toBe(
      'Splay: expected an integer from 0 to 86400, got 2147484',
    );
  });

  it.each([
    ['1753668151.054989714', 'a number'],
    ['"2025-07-28T02:02:31.0549897141Z"', 'ten fractional digits'],
    ['"2025-02-29T00:00:00Z"', 'a day that does not exist'],
    ['"2025-07-28 02:02:31Z"', 'no T'],
    ['"1969-12-31T23:59:59Z"', 'before 1970'],
    ['"yesterday"', 'a word'],
    ['""', 'nothing'],
    [JSON.stringify('2025-07-28T02:02:31.'.padEnd(100_000, '0')), 'endless digits'],
  ])('faults 16 and 17: a Timestamp of %j, %s, is refused, naming Timestamp', (token) => {
    expect(refusalLine(publishedWith('Timestamp', token))).toMatch(
      /^Timestamp: expected an RFC 3339 date-time .+, got /,
    );
  });

  test('fault 17: nanoseconds survive the wire', () => {
    const [a, b] = ['054989714', '054989715'].map((fraction) =>
      valid(publishedWith('Timestamp', `"2025-07-28T02:02:31.${fraction}Z"`)),
    );
    expect(a && b && ordTimestamp.compare(a.timestamp, b.timestamp)).toBe(-1);
    expect(b && encodeSignal(b)).toContain('"2025-07-28T02:02:31.054989715Z"');
  });

  test('fault 18: a version that is a number is refused, naming it', () => {
    expect(refusalLine(publishedWith('ManifestRecord.version', '20250728.17'))).toMatch(
      /^ManifestRecord\.version: expected a version name: .+, got 20250728\.17$/,
    );
  });

  it.each(['cookbook_versions', 'site_cookbook_versions'])(
    'fault 19: __proto__ as a cookbook name is refused, naming %s',
    (list) => {
      const field = `ManifestRecord.manifest_content.${list}`;
      expect(refusalLine(publishedWith(field, '{"__proto__":"1.0.0"}'))).toMatch(
        new RegExp(`^${field}\\.__proto__: expected a cookbook name: .+, got "__proto__"$`),
      );
      expect(refusalLine(publishedWith(field, '{"apt":"1.0.0","\\u005f_proto__":{"polluted":1}}'))).toContain(
        `${field}.__proto__`,
      );
      expect('polluted' in {}).toBe(false);
    },
  );

  it.each([
    '{"RunRequests":5}',
    '{"RunRequests":[{"id":"../../etc"}]}',
    '{"Environment":"../x"}',
    '{"Environment":{}}',
    '{"toString":1,"then":1}',
    '[]',
  ])('fault 19: fields hidden behind __proto__ are ignored, not believed: %s', (hidden) => {
    const text = PUBLISHED.replace('"Splay"', `"__proto__":${hidden},"Splay"`);
    expect(decodeSignal(text)).toStrictEqual(decodeSignal(PUBLISHED));
    expect(valid(text).runRequests).toEqual([]);
  });

  test('fault 19: a signal hidden behind __proto__ is none', () => {
    expect(refusalLine(`{"__proto__":${PUBLISHED}}`)).toMatch(
      /^Splay: .+, got nothing; Timestamp: .+; ManifestRecord: /,
    );
    expect(
      refusalLine(publishedWith('ManifestRecord', `{"__proto__":${JSON.stringify(PUBLISHED_JSON.ManifestRecord)}}`)),
    ).toMatch(/^ManifestRecord\.version: .+, got nothing; /);
  });

  it.each([
    ['ManifestRecord.version', 'version'],
    ['ManifestRecord.chef_shard', 'stack'],
    ['ManifestRecord.manifest_content.base_version', 'version'],
  ])('S7: %s is a %s name, and nothing that could lead elsewhere', (field, kind) => {
    for (const name of ['', '..', '../x', 'a/b', 'a\\b', 'a%2fb', 'a\u0000', 'a b', '-x', '.x', 'x'.repeat(129), 'а']) {
      expect(refusalLine(publishedWith(field, JSON.stringify(name)))).toMatch(
        new RegExp(`^${field.replaceAll('.', '\\.')}: expected a ${kind} name: `),
      );
    }
  });

  test('S7: Environment is an environment name', () => {
    expect(refusalLine(publishedAnd({ Environment: 'prod.1' }))).toMatch(
      /^Environment: expected an? environment name: /,
    );
    expect(valid(publishedAnd({ Environment: 'prod-1' })).environment).toStrictEqual(O.some('prod-1'));
  });

  it.each([
    ['ManifestRecord.latest_commit_hash', 128],
    ['ManifestRecord.manifest_content.latest_commit_hash', 128],
    ['ManifestRecord.manifest_content.author', 512],
    ['ManifestRecord.s3_bucket', 1024],
    ['ManifestRecord.s3_key', 1024],
  ])('S2: %s is text of at most %d characters without control characters', (field, lengthMax) => {
    for (const text of ['x'.repeat(lengthMax + 1), 'a\nb', '\u001b[2J', '\u009b2J', 'nul\u0000']) {
      expect(refusalLine(publishedWith(field, JSON.stringify(text)))).toMatch(
        new RegExp(`^${field}: expected text of at most ${lengthMax} characters without control characters, got "`),
      );
    }
    valid(publishedWith(field, JSON.stringify('é'.repeat(lengthMax))));
    valid(publishedWith(field, '""'));
  });

  it.each(['"true"', '1', '0', '[]', '""'])('S4: upload_complete of %s is refused, naming it', (token) => {
    expect(refusalLine(publishedWith('ManifestRecord.upload_complete', token))).toMatch(
      /^ManifestRecord\.upload_complete: expected boolean, got /,
    );
  });
});

describe('S2: run requests', () => {
  test('a run request is decoded, field by field', () => {
    expect(
      valid(publishedAnd({ RunRequests: [RUN_REQUEST, { ...RUN_REQUEST, nodes: undefined }] })).runRequests,
    ).toStrictEqual([
      {
        id: 'req-1',
        requestedBy: 'ada',
        reason: 'certificates',
        issuedEpochSeconds: 1753668151,
        expiresEpochSeconds: 1753671751,
        splaySeconds: 60,
        nodes: O.some(['web-*']),
      },
      expect.objectContaining({ nodes: O.none }),
    ]);
  });

  it.each(Object.keys(RUN_REQUEST).filter((field) => field !== 'nodes'))(
    'fault 12: %s missing or null is refused, naming it',
    (field) => {
      for (const value of [undefined, null]) {
        const text = publishedAnd({ RunRequests: [RUN_REQUEST, { ...RUN_REQUEST, [field]: value }] });
        expect(refusalLine(text)).toMatch(
          new RegExp(`^RunRequests\\.1\\.${field}: expected .+, got (?:nothing|null)$`),
        );
      }
    },
  );

  it.each([
    ['id', '../x', 'a slug name'],
    ['requested_by', 'a\nb', 'text of at most 256 characters'],
    ['reason', 'x'.repeat(1025), 'text of at most 1024 characters'],
    ['issued', -1, 'an integer from 0'],
    ['expires', 1.5, 'an integer from 0'],
    ['splay', 86_401, 'an integer from 0 to 86400'],
    ['nodes', 'web-*', 'a list, got "web-\\*"'],
    ['nodes', null, 'a list, got null'],
  ])('fault 14: %s of %j is refused, naming it', (field, value, expected) => {
    expect(refusalLine(publishedAnd({ RunRequests: [{ ...RUN_REQUEST, [field]: value }] }))).toMatch(
      new RegExp(`^RunRequests\\.0\\.${field}: expected ${expected}`),
    );
  });

  it.each(['', 'a/b', '[a]', '{a,b}', '^a', 'a b', '$(reboot)', 'x'.repeat(254), 'wéb'])(
    'S7: %j is no node pattern',
    (pattern) => {
      expect(refusalLine(publishedAnd({ RunRequests: [{ ...RUN_REQUEST, nodes: ['web-1', pattern] }] }))).toMatch(
        /^RunRequests\.0\.nodes\.1: expected a node name or glob: /,
      );
    },
  );

  it.each([
    ['an object', {}, 'a list, got an object'],
    ['a run request that is null', [null], 'an object, got null'],
    [
      'too many',
      Array.from({ length: RUN_REQUESTS_MAX + 1 }, () => RUN_REQUEST),
      'a list of at most 100, got a list of 101',
    ],
  ])('S2: %s is refused, naming RunRequests', (_what, value, message) => {
    expect(refusalLine(publishedAnd({ RunRequests: value }))).toMatch(
      new RegExp(`^RunRequests(?:\\.0)?: expected ${message}$`),
    );
  });

  test('fault 30: as many as are allowed are read; as many faults are told shortly', () => {
    const requests = (pattern: string) =>
      Array.from({ length: RUN_REQUESTS_MAX }, () => ({
        ...RUN_REQUEST,
        nodes: Array.from({ length: NODE_PATTERNS_MAX }, () => pattern),
      }));
    const good = valid(publishedAnd({ RunRequests: requests('web-1') }));
    expect(good.runRequests).toHaveLength(RUN_REQUESTS_MAX);
    const bad = refusal(decodeSignal(publishedAnd({ RunRequests: requests('/') })));
    expect(bad._tag === 'InvalidFields' && bad.errors).toHaveLength(20);
    expect(
      refusalLine(
        publishedAnd({
          RunRequests: [{ ...RUN_REQUEST, nodes: Array.from({ length: NODE_PATTERNS_MAX + 1 }, () => '*') }],
        }),
      ),
    ).toBe('RunRequests.0.nodes: expected a list of at most 1000, got a list of 1001');
  });
});

describe('S2: a body that is no JSON', () => {
  it.each([
    ['fault 9, nothing', '', 'nothing'],
    ['fault 9, white space', ' \n\t', 'nothing'],
    ['fault 10, a byte order mark', `\ufeff${PUBLISHED}`, 'a byte order mark'],
    ['fault 10, a login page', '<!DOCTYPE html>\n<html><body>Please log in</body></html>', 'HTML or XML'],
    [
      'fault 10, an error of the object store',
      '\n <?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
      'HTML or XML',
    ],
    [
      'fault 10, bytes that are not UTF-8',
      Buffer.from([0xff, 0xfe, 0x7b, 0x00]).toString('utf8'),
      'something else, or JSON that was cut off',
    ],
    [
      'fault 10, UTF-16',
      Buffer.from(PUBLISHED, 'utf16le').toString('latin1'),
      'something else, or JSON that was cut off',
    ],
    ['text', 'Service Unavailable', 'something else, or JSON that was cut off'],
    ['two documents', `${PUBLISHED}${PUBLISHED}`, 'something else, or JSON that was cut off'],
    ['a comment', `// ours\n${PUBLISHED}`, 'something else, or JSON that was cut off'],
  ])('%s is refused', (_fault, text, got) => {
    expect(refusalLine(text)).toBe(`body: expected JSON, got ${got}`);
  });

  it.each(['null', 'true', '15', '"text"', '[]', '[{}]'])('JSON that is no object, %s, is refused', (text) => {
    expect(refusalLine(text)).toMatch(/^document: expected an object, got /);
  });

  test('fault 9: truncated at any place, the published signal is refused', () => {
    const body = PUBLISHED.trimEnd();
    for (let length = 0; length < body.length; length++) {
      expect(refusal(decodeSignal(body.slice(0, length)))._tag).toBe('NotJson');
    }
  });

  property('fault 9: truncated at any place, any signal is refused', [arb.signal, fc.nat()], (signal, at) => {
    const text = encodeSignal(signal);
    expect(refusal(decodeSignal(text.slice(0, at % text.length)))._tag).toBe('NotJson');
  });

  const LEVELS = 100_000;
  const tooDeep = 'body: expected at most 16 levels of nesting, got more';
  it.each([
    ['lists', arb.nestedLists(LEVELS)],
    ['objects', arb.nestedObjects(LEVELS)],
    ['lists in an unknown field', publishedAnd({}).replace('{', `{"further":${arb.nestedLists(LEVELS)},`)],
    ['objects in an unknown field', publishedAnd({}).replace('{', `{"further":${arb.nestedObjects(LEVELS)},`)],
    ['lists in a known field', publishedWith('Splay', arb.nestedLists(LEVELS))],
    [
      'objects in a known field',
      publishedWith('ManifestRecord.manifest_content.cookbook_versions', arb.nestedObjects(LEVELS)),
    ],
    [
      'objects behind __proto__',
      publishedAnd({}).replace('{', `{"__proto__":${'{"__proto__":'.repeat(LEVELS / 2)}1${'}'.repeat(LEVELS / 2)},`),
    ],
    ['run requests', publishedAnd({}).replace('{', `{"RunRequests":${arb.nestedLists(LEVELS)},`)],
  ])('fault 10: %s a hundred thousand levels deep are refused', (_what, text) => {
    expect(refusalLine(text)).toBe(tooDeep);
  });

  test('fault 10: half a megabyte of brackets is refused', () => {
    expect(refusalLine(arb.nestedLists(SIGNAL_BYTES_MAX / 2))).toBe(tooDeep);
    expect(refusalLine('['.repeat(SIGNAL_BYTES_MAX))).toMatch(/^body: expected JSON, got /);
  });

  test('fault 10: sixteen levels are read, seventeen are not, wherever brackets stand in text', () => {
    expect(decodeSignal(publishedAnd({ further: JSON.parse(arb.nestedLists(15)) as unknown }))).toStrictEqual(
      decodeSignal(PUBLISHED),
    );
    expect(refusalLine(publishedAnd({ further: JSON.parse(arb.nestedLists(16)) as unknown }))).toBe(tooDeep);
    expect(refusalLine(publishedAnd({ further: JSON.parse(arb.nestedObjects(16)) as unknown }))).toBe(tooDeep);
    expect(
      valid(publishedAnd({ further: '[{'.repeat(1_000), lists: Array.from({ length: 50 }, () => []) })),
    ).toBeDefined();
  });

  test('fault 8: a body of 1 MiB is read, and one character more is refused', () => {
    expect(decodeSignal(PUBLISHED.padEnd(SIGNAL_BYTES_MAX))).toStrictEqual(decodeSignal(PUBLISHED));
    expect(refusalLine(PUBLISHED.padEnd(SIGNAL_BYTES_MAX + 1))).toBe('body: expected at most 1048576 bytes, got more');
    expect(refusalLine('x'.repeat(20 * SIGNAL_BYTES_MAX))).toBe('body: expected at most 1048576 bytes, got more');
  });

  test('fault 30: a signal with thousands of cookbooks is read', () => {
    const cookbooks = Object.fromEntries(Array.from({ length: 15_000 }, (_, i) => [`cookbook-${i}`, `1.${i}.0`]));
    const text = JSON.stringify({
      ...PUBLISHED_JSON,
      ManifestRecord: {
        ...PUBLISHED_JSON.ManifestRecord,
        manifest_content: { ...PUBLISHED_JSON.ManifestRecord.manifest_content, cookbook_versions: cookbooks },
      },
    });
    expect(Object.keys(valid(text).manifestRecord.manifest.cookbookVersions)).toHaveLength(15_000);
  });
});

describe('admitting a signal', () => {
  const late = arb.instant.map((at): EpochMs => plus(at, TOLERANCE_MS));

  property(
    'S3: a signal under its own key, in order and in time, is admitted as it stands',
    [arb.keyedSignal],
    ({ key, signal }) => {
      const now = epochMsOfTimestamp(signal.timestamp);
      const admitted = admitSignal(key, signal, O.none, now, 0);
      expect(E.isRight(admitted) && admitted.right).toBe(signal);
    },
  );

  property(
    "S3, fault 24: another stack's signal is refused, naming chef_shard",
    [arb.keyedSignal, arb.stackName, late],
    ({ key, signal }, stack, now) => {
      fc.pre(stack !== key.stack);
      const refused = refusal(admitSignal({ ...key, stack }, signal, O.none, now, TOLERANCE_MS));
      expect(refused).toStrictEqual({ _tag: 'WrongStack', expected: stack, got: key.stack });
      expect(formatSignalRefusal(refused)).toBe(
        `ManifestRecord.chef_shard: expected ${stack}, got ${key.stack}: another stack's signal lies under this key`,
      );
    },
  );

  property(
    "S3, fault 24: another environment's signal is refused, naming Environment",
    [arb.keyedSignal, arb.environmentName, late],
    ({ key, signal }, environment, now) => {
      fc.pre(environment !== key.environment);
      const bound = { ...signal, environment: O.some(key.environment) };
      const refused = refusal(admitSignal({ ...key, environment }, bound, O.none, now, TOLERANCE_MS));
      expect(refused).toStrictEqual({ _tag: 'WrongEnvironment', expected: environment, got: key.environment });
      expect(formatSignalRefusal(refused)).toMatch(/^Environment: expected /);
    },
  );

  test('S3: names that differ in case only are two names', () => {
    const signal = valid(publishedAnd({ Environment: 'Prod-1' }));
    expect(refusal(admitSignal(KEY, signal, O.none, epochMs(1.76e12), 0))._tag).toBe('WrongEnvironment');
  });

  property(
    'S6, fault 22: exactly the signals older than the accepted one are refused, naming Timestamp',
    [arb.keyedSignal, arb.timestamp],
    ({ key, signal }, accepted) => {
      const now = epochMs(EPOCH_SECONDS_MAX * 1_000);
      const result = admitSignal(key, signal, O.some(accepted), now, TOLERANCE_MS);
      expect(E.isLeft(result)).toBe(ordTimestamp.compare(signal.timestamp, accepted) < 0);
      if (E.isLeft(result)) {
        expect(result.left).toStrictEqual({ _tag: 'Replayed', accepted, got: signal.timestamp });
        expect(formatSignalRefusal(result.left)).toMatch(
          /^Timestamp: expected later than .+Z, which was accepted already, got .+Z$/,
        );
      }
    },
  );

  property('S6, faults 17 and 22: older by one nanosecond is older', [arb.keyedSignal], ({ key, signal }) => {
    const now = epochMs(EPOCH_SECONDS_MAX * 1_000);
    const result = admitSignal(key, signal, O.some(nextTimestamp(signal.timestamp)), now, TOLERANCE_MS);
    expect(refusal(result)._tag).toBe('Replayed');
  });

  property(
    'S6, fault 25: the same signal again is no replay',
    [arb.keyedSignal, fc.constantFrom(0, 1, TOLERANCE_MS)],
    ({ key, signal }, later) => {
      const now = plus(epochMsOfTimestamp(signal.timestamp), later);
      expect(admitSignal(key, signal, O.some(signal.timestamp), now, 0)).toStrictEqual(E.right(signal));
    },
  );

  property(
    'S6, fault 23: exactly the signals further ahead than the clock tolerance are refused, naming Timestamp',
    [arb.keyedSignal, arb.instant, fc.constantFrom(0, 1_000, TOLERANCE_MS)],
    ({ key, signal }, now, toleranceMs) => {
      const result = admitSignal(key, signal, O.none, now, toleranceMs);
      const aheadMs = epochMsOfTimestamp(signal.timestamp) - now;
      expect(E.isLeft(result)).toBe(aheadMs > toleranceMs);
      if (E.isLeft(result)) {
        expect(result.left).toStrictEqual({
          _tag: 'FromTheFuture',
          got: signal.timestamp,
          latest: plus(now, toleranceMs),
        });
        expect(formatSignalRefusal(result.left)).toMatch(
          /^Timestamp: expected no later than .+Z by this node's clock, got .+Z: /,
        );
      }
    },
  );

  test('S6, fault 23: an absurd Timestamp that was once accepted would shut the key, and so never is', () => {
    const absurd = valid(publishedWith('Timestamp', '"9999-12-31T23:59:59.999999999Z"'));
    const now = epochMs(1_753_668_151_054);
    expect(formatSignalRefusal(refusal(admitSignal(KEY, absurd, O.none, now, TOLERANCE_MS)))).toBe(
      "Timestamp: expected no later than 2025-07-28T02:07:31.054Z by this node's clock, got 9999-12-31T23:59:59.999999999Z: one of the two clocks is wrong",
    );
    expect(E.isRight(admitSignal(KEY, valid(PUBLISHED), O.none, now, TOLERANCE_MS))).toBe(true);
  });
});

describe('triggering', () => {
  const at = (signal: Signal, change: Partial<Signal['manifestRecord']>): Signal => ({
    ...signal,
    manifestRecord: { ...signal.manifestRecord, ...change },
  });

  property(
    'S4, fault 20: while upload_complete is false, nothing is triggered, whatever else',
    [arb.signal, arb.instant],
    (signal, now) => {
      expect(triggerOf(at(signal, { uploadComplete: false }), now)).toStrictEqual({ _tag: 'UploadIncomplete' });
    },
  );

  property(
    'S5, fault 21: a complete signal triggers exactly before its ttl',
    [arb.signal, arb.instant],
    (signal, now) => {
      const complete = at(signal, { uploadComplete: true });
      const { ttlEpochSeconds } = complete.manifestRecord;
      expect(triggerOf(complete, now)).toStrictEqual(
        Math.floor(now / 1_000) < ttlEpochSeconds ? { _tag: 'Triggers' } : { _tag: 'Expired', ttlEpochSeconds },
      );
    },
  );

  test('S5, fault 21: the published signal triggers until the last millisecond before its ttl', () => {
    const signal = valid(PUBLISHED);
    expect(triggerOf(signal, epochMs(1_756_085_810_999))._tag).toBe('Triggers');
    expect(triggerOf(signal, epochMs(1_756_085_811_000))).toStrictEqual({
      _tag: 'Expired',
      ttlEpochSeconds: 1_756_085_811,
    });
  });
});
