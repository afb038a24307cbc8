import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it } from 'vitest';
import { bucketInSignals, type Config, decodeConfig } from '../../src/apps/config.ts';
import { formatFailure } from '../../src/apps/failure.ts';

const parse = (text: string): E.Either<string, unknown> =>
  E.tryCatch(
    (): unknown => JSON.parse(text),
    () => 'expected JSON',
  );

const decode = (document: unknown, environment: Readonly<Record<string, string>> = {}): Config => {
  const decoded = decodeConfig(document, environment, parse);
  if (E.isLeft(decoded)) throw new Error(formatFailure(decoded.left));
  return decoded.right;
};

const refusal = (document: unknown, environment: Readonly<Record<string, string>> = {}): string => {
  const decoded = decodeConfig(document, environment, parse);
  return E.isLeft(decoded) ? formatFailure(decoded.left) : 'nothing';
};

describe('the configuration', () => {
  it.each([
    ['tick_every', '0s', '1s to 1h'],
    ['tick_every', '999ms', '1s to 1h'],
    ['tick_every', '61m', '1s to 1h'],
    ['poll_every', '0s', '1s to 1h'],
    ['watch_every', '0s', '1s to 1h'],
    ['watch_every', '2h', '1s to 1h'],
    ['poll_soon', '0s', '1s to 1h'],
    ['poll_idle', '61m', '1s to 1h'],
    ['run_time_limit', '0s', '1s to 1d'],
    ['run_time_limit', '25h', '1s to 1d'],
    ['run_grace', '0s', '1s to 1h'],
    ['window', '59s', '1m to 30d'],
    ['lead', '31d', '0s to 30d'],
    ['clock_tolerance', '2h', '0s to 1h'],
    ['backoff_base', '0s', '1s to 1d'],
    ['backoff_cap', '0s', '1s to 1d'],
  ])('%s: %s is out of its range', (field, text, range) => {
    expect(refusal({ [field]: text })).toBe(`${field}: expected a duration from ${range}, got "${text}"`);
  });

  it('holds durations against one another', () => {
    expect(refusal({ window: '1h', lead: '1h' })).toBe('lead: expected less than window');
    expect(refusal({ backoff_base: '2h', backoff_cap: '1h' })).toBe('backoff_base: expected at most backoff_cap');
    expect(refusal({ poll_soon: '2m' })).toBe('poll_soon: expected at most poll_every');
    expect(refusal({ poll_idle: '30s' })).toBe('poll_idle: expected at least poll_every');
    expect(decode({ window: '1h', lead: '0s' })).toMatchObject({ window: 3_600_000, lead: 0 });
  });

  it.each(['0.0.0.0:8470', '192.0.2.1:80', '[::]:1'])('does not listen on %s without authentication', (listen) => {
    expect(refusal({ listen })).toMatch(/^listen: expected an address of this machine/);
  });

  it('shows metrics on this machine only, and writes them where a collector reads', () => {
    expect(refusal({ metrics_listen: '0.0.0.0:9470' })).toBe(
      'metrics_listen: expected an address of this machine, such as 127.0.0.1:9470, got 0.0.0.0:9470',
    );
    expect(refusal({ metrics_file: '/var/lib/metrics' })).toBe(
      'metrics_file: expected a name that ends in .prom, since collectors read no other',
    );
    expect(decode({ metrics_listen: '[::1]:9470', metrics_file: 'a.prom' })).toMatchObject({
      metrics_listen: O.some({ host: '::1', port: 9470 }),
      metrics_file: O.some('a.prom'),
    });
  });

  it.each(['localhost', 'localhost:65536', 8470])('cannot listen on %s', (listen) => {
    expect(refusal({ listen })).toMatch(/^listen: expected host:port, such as/);
  });

  it('listens on this machine', () => {
    expect(decode({}).listen).toEqual({ host: '127.0.0.1', port: 8470 });
    expect(decode({}, { SIGNALBOX_LISTEN: '[::1]:80' }).listen).toEqual({ host: '::1', port: 80 });
  });

  it('a name of digits only is a name', () => {
    const config = decode({}, { SIGNALBOX_BUCKET: '2024', SIGNALBOX_NODE: '17', SIGNALBOX_STATE: '1e3' });
    expect(config).toMatchObject({
      bucket: O.some('2024'),
      node: O.some('17'),
      state: O.some({ _tag: 'Files', path: '1e3' }),
    });
  });

  it('a number and a structure are read as the document would read them, and go before it', () => {
    const environment = { SIGNALBOX_ATTEMPTS_MAX: '7', SIGNALBOX_COMMAND: '["chef-client", "-n"]' };
    const config = decode({ attempts_max: 3, catch_up_splay: 0 }, environment);
    expect(config).toMatchObject({ attempts_max: 7, catch_up_splay: 0, command: O.some(['chef-client', '-n']) });
    expect(refusal({}, { SIGNALBOX_ATTEMPTS_MAX: '"7"' })).toMatch(/^attempts_max: expected an integer/);
  });

  it('places and the settings of their servers come from the document or from variables', () => {
    const bus = O.some({ _tag: 'S3', bucket: 'signals', prefix: 'fleet-1' });
    expect(decode({ bus: 's3://signals/fleet-1', s3_path_style: true })).toMatchObject({ bus, s3_path_style: true });
    const environment = {
      SIGNALBOX_BUS: 's3://signals/fleet-1',
      SIGNALBOX_S3_REGION: 'eu-west-1',
      SIGNALBOX_S3_PATH_STYLE: 'true',
      SIGNALBOX_GCS_ALLOW_HTTP: 'true',
    };
    expect(decode({ bus: 'bus' }, environment)).toMatchObject({
      bus,
      s3_region: O.some('eu-west-1'),
      s3_path_style: true,
      s3_allow_http: false,
      gcs_allow_http: true,
    });
    expect(refusal({}, { SIGNALBOX_STATE: 'az://state' })).toMatch(
      /^state: expected a path, a file: URL, s3:\/\/bucket\/prefix or gs:.*, got "az:\/\/state"$/,
    );
  });

  it('a role to assume comes with an external id, or without; an external id alone means nothing', () => {
    const s3_role_arn = 'arn:aws:iam::123456789012:role/node';
    expect(decode({ s3_role_arn }, { SIGNALBOX_S3_EXTERNAL_ID: '0123' })).toMatchObject({
      s3_role_arn: O.some(s3_role_arn),
      s3_external_id: O.some('0123'),
    });
    expect(decode({ s3_role_arn })).toMatchObject({ s3_external_id: O.none });
    expect(refusal({ s3_external_id: 'agreed-upon' })).toBe(
      's3_external_id: expected s3_role_arn beside it, since only a role asks for one',
    );
  });

  it.each<[object, string]>([
    [{}, 'signalbox'],
    [{ artifacts: '/var/lib/artifacts' }, 'signalbox'],
    [{ artifacts: 's3://example-fleet/fleet-1/artifacts' }, 'example-fleet'],
    [{ artifacts: 'gs://example-fleet' }, 'example-fleet'],
    [{ artifacts: 's3://example-fleet', bucket: 'mirror' }, 'mirror'],
    [{ bus: 's3://signals', state: 's3://state' }, 'signalbox'],
  ])('%j: signals name the bucket %s', (document, bucket) => {
    expect(bucketInSignals(decode(document))).toBe(bucket);
  });

  it('a variable that cannot be read is named', () => {
    expect(refusal({}, { SIGNALBOX_COMMAND: '[unclosed' })).toBe('command: SIGNALBOX_COMMAND: expected JSON');
  });

  it('a variable that nobody knows is refused, because somebody relies on it', () => {
    expect(refusal({}, { SIGNALBOX_TICK_EVRY: '5m' })).toMatch(
      /^SIGNALBOX_TICK_EVRY: no such variable; the variables are .*SIGNALBOX_TICK_EVERY/,
    );
  });

  it.each([
    'SIGNALBOX_CONFIG',
    'SIGNALBOX_FALLBACK_STATE_FILE',
    'SIGNALBOX_TEST_SEED',
    'OTHER_TICK_EVRY',
    // Kubernetes gives these to every pod beside services called signalbox and signalbox-librarian.
    'SIGNALBOX_PORT',
    'SIGNALBOX_SERVICE_HOST',
    'SIGNALBOX_SERVICE_PORT_HTTP',
    'SIGNALBOX_LIBRARIAN_PORT_8470_TCP_ADDR',
  ])('%s is none of its variables', (name) => {
    expect(refusal({}, { [name]: 'tcp://10.0.0.1:8470' })).toBe('nothing');
  });

  it('a field that nobody knows is named, with those that there are', () => {
    expect(refusal({ tick_evry: '5m' })).toMatch(
      /^tick_evry: expected no field of this name; the fields are plan, bus/,
    );
    expect(refusal(JSON.parse('{"__proto__": {"bus": "x"}}'))).toMatch(/^__proto__: expected no field/);
  });
});
