import * as E from 'fp-ts/lib/Either.js';
import * as O from 'fp-ts/lib/Option.js';
import { describe, expect, it, test } from 'vitest';
import { encodeControlState } from '../../src/domain/control-state.ts';
import { decodeWith, formatFieldError } from '../../src/domain/decoding.ts';
import {
  FORECAST_ENTRIES_MAX,
  FORECAST_HORIZON_MS_DEFAULT,
  forecastOf,
  ForecastRequest,
  requestedAnnouncements,
  requestedUntil,
  requestedView,
} from '../../src/domain/forecast-request.ts';
import { nameFromLiteral, Slug } from '../../src/domain/names.ts';
import { epochMs, HOUR_MS, plus } from '../../src/domain/time.ts';
import { openStep, rememberDeparture, rememberJoined, EMPTY_MEMORY } from '../../src/domain/train-memory.ts';
import { property } from '../support/property.ts';
import { jsonValue } from '../support/arbitraries.ts';
import { environmentName, SLACK_PLAN_JSON, stackName, version } from '../support/slack.ts';

const AT = '2026-01-09T15:10:00Z';
const AT_MS = epochMs(Date.UTC(2026, 0, 9, 15, 10));

const MINIMAL = { plan: SLACK_PLAN_JSON, at: AT, pins: { dev: '1' }, artifacts: [] };

const HOLD = { id: 'freeze', scope: 'stage:train', reason: 'quarter end', owner: 'ops' };

const read = (document: object): ForecastRequest => {
  const request = decodeWith(ForecastRequest)(document);
  if (E.isLeft(request)) throw new Error(request.left.map(formatFieldError).join('\n'));
  return request.right;
};

const errorsOf = (document: object): readonly string[] => {
  const request = decodeWith(ForecastRequest)(document);
  return E.isLeft(request) ? request.left.map(formatFieldError) : [];
};

const pinnedIn = (request: ForecastRequest, environment: string, stack: string) =>
  requestedView(request).pins.get(environmentName(environment))?.get(stackName(stack));

describe('a request', () => {
  it('needs a plan, a time, pins and artifacts, and no more', () => {
    const request = read(MINIMAL);
    const view = requestedView(request);
    expect([view.now, view.holds, view.memory]).toEqual([AT_MS, [], EMPTY_MEMORY]);
    expect(requestedAnnouncements(request)).toEqual({ artifacts: [], holds: [] });
    expect(requestedUntil(request)).toBe(plus(AT_MS, FORECAST_HORIZON_MS_DEFAULT));
    for (const field of ['plan', 'at', 'pins', 'artifacts']) {
      expect(errorsOf({ ...MINIMAL, [field]: undefined })).toEqual([
        expect.stringMatching(`^${field}: expected .*, got nothing$`),
      ]);
    }
  });

  it('pins all stacks at once, or each by itself, or none', () => {
    const request = read({
      ...MINIMAL,
      pins: { dev: '1', 'prod-1': { basalt: '2', ironstone: null }, 'prod-2': null },
    });
    expect(pinnedIn(request, 'dev', 'ironstone')).toEqual(O.some('1'));
    expect(pinnedIn(request, 'prod-1', 'basalt')).toEqual(O.some('2'));
    expect(pinnedIn(request, 'prod-1', 'ironstone')).toEqual(O.none);
    expect(pinnedIn(request, 'prod-2', 'basalt')).toEqual(O.none);
    expect(pinnedIn(request, 'prod-3', 'basalt')).toEqual(O.none);
  });

  it('tells what is from what comes', () => {
    const later = '2026-01-09T16:00:00Z';
    const request = read({
      ...MINIMAL,
      artifacts: [
        { version: '1' },
        { version: '2', complete_on: ['basalt'] },
        { version: '2', at: later },
        { version: '3', rejected: true },
      ],
      holds: [HOLD, { ...HOLD, id: 'later', at: later, expires_at: '2026-01-09T17:00:00Z' }],
    });
    const { catalogue, holds } = requestedView(request);
    expect(catalogue.newest).toEqual(O.some('1'));
    expect(catalogue.byVersion.get(version('2'))?.completeOn).toEqual(['basalt']);
    expect(catalogue.byVersion.get(version('3'))?.rejected).toBe(true);
    expect(holds.map(({ id }) => id)).toEqual(['freeze']);
    const announced = requestedAnnouncements(request);
    const at = epochMs(Date.UTC(2026, 0, 9, 16));
    expect(announced.artifacts).toEqual([
      { at, artifact: { version: '2', completeOn: ['basalt', 'ironstone'], rejected: false } },
    ]);
    expect(announced.holds).toMatchObject([{ at, hold: { id: 'later', expiresAt: O.some(plus(at, HOUR_MS)) } }]);
  });

  it('ends at an instant or after a duration', () => {
    expect(requestedUntil(read({ ...MINIMAL, until: '2026-01-09T17:10:00Z' }))).toBe(plus(AT_MS, 2 * HOUR_MS));
    expect(requestedUntil(read({ ...MINIMAL, horizon: '36h' }))).toBe(plus(AT_MS, 36 * HOUR_MS));
    expect(forecastOf(read({ ...MINIMAL, horizon: '36h' })).until).toBe(plus(AT_MS, 36 * HOUR_MS));
  });

  it('takes holds as reports write them, and the memory as the control state does', () => {
    const from = new Map([[stackName('basalt'), O.some(version('1'))]]);
    const stacks = [stackName('basalt'), stackName('ironstone')];
    const step = { version: version('2'), from, stacks, splaySeconds: 900, openedAt: AT_MS };
    const memory = rememberJoined(
      openStep(rememberDeparture(EMPTY_MEMORY, nameFromLiteral(Slug)('train'), AT_MS), environmentName('prod-2'), step),
      environmentName('prod-3'),
    );
    const { departed, steps, joined } = JSON.parse(
      encodeControlState({ memory, holds: [], rejections: new Map(), settledTo: 0 }),
    ) as Readonly<Record<string, unknown>>;
    const scope = { _tag: 'stage', stage: 'train' };
    const view = requestedView(
      read({ ...MINIMAL, departed, steps, joined, holds: [{ ...HOLD, scope, expires_at: null }] }),
    );
    expect(view.memory).toEqual({ ...memory, history: new Map() });
    expect(view.holds[0]?.scope).toEqual(scope);
  });

  it('is written as it is read', () => {
    const request = read({
      ...MINIMAL,
      horizon: '1d',
      pins: { dev: '1', 'prod-1': { basalt: '2', ironstone: null } },
      artifacts: [{ version: '2', at: AT, complete_on: ['basalt'] }],
      holds: [HOLD],
      departed: { train: AT },
    });
    expect(read(ForecastRequest.encode(request))).toEqual(request);
    expect(ForecastRequest.is(request)).toBe(true);
    expect(ForecastRequest.is(MINIMAL)).toBe(false);
  });
});

describe('what is wrong with a request is said, and where', () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['a field that does not exist', { holdz: [] }, /^holdz: expected no field of this name; the fields are plan, at, /],
    [
      'one of an artifact',
      { artifacts: [{ version: '1', complet_on: [] }] },
      /^artifacts\.0\.complet_on: expected no field/,
    ],
    ['one of a hold', { holds: [{ ...HOLD, expires: AT }] }, /^holds\.0\.expires: expected no field/],
    ['one of the plan', { plan: { ...SLACK_PLAN_JSON, by_hnd: [] } }, /^plan\.by_hnd: expected no such field/],
    ['a time that is none', { at: 'tomorrow' }, /^at: expected an RFC 3339 date-time/],
    ['two ends', { until: '2026-01-10T00:00:00Z', horizon: '1d' }, /^until: expected either until or horizon/],
    ['an end before the beginning', { until: AT }, /^until: expected an instant after at \(2026-01-09T15:10:00Z\)/],
    ['an end too far', { until: '2100-01-01T00:00:00Z' }, /^until: expected .* by at most ten years/],
    ['a horizon of nothing', { horizon: '0s' }, /^horizon: expected a duration from 1ms/],
    ['a pin of no environment', { pins: { 'prod-9': '1' } }, /^pins\.prod-9: expected one of sandbox, dev, /],
    [
      'a pin on no stack',
      { pins: { dev: { basalt: '1', ironstone: '1', slate: '1' } } },
      /^pins\.dev\.slate: expected one of basalt, ironstone/,
    ],
    [
      'a stack without a pin',
      { pins: { dev: { basalt: '1' } } },
      /^pins\.dev\.ironstone: expected a version, or null if it has none, got nothing/,
    ],
    ['a pin that is a number', { pins: { dev: 1.1 } }, /^pins\.dev: expected .*, got 1\.1/],
    ['a version that is no name', { pins: { dev: { basalt: '..', ironstone: null } } }, /^pins\.dev\.basalt: expected/],
    [
      'a version twice',
      { artifacts: [{ version: '1' }, { version: '1' }] },
      /^artifacts\.1\.version: expected each version once at one instant/,
    ],
    [
      'a stack of no plan',
      { artifacts: [{ version: '1', complete_on: ['slate'] }] },
      /^artifacts\.0\.complete_on\.0: expected one of basalt/,
    ],
    [
      'a scope that is none',
      { holds: [{ ...HOLD, scope: 'everything' }] },
      /^holds\.0\.scope: expected plan, stage:NAME, .*, got "everything"/,
    ],
    [
      'a scope of no plan',
      { holds: [{ ...HOLD, scope: 'stage:rocket' }] },
      /^holds\.0\.scope: expected a stage of the plan, got "stage:rocket"/,
    ],
    ['a scope that is a number', { holds: [{ ...HOLD, scope: 1 }] }, /^holds\.0\.scope: expected plan, stage:NAME/],
    ['a hold twice', { holds: [HOLD, HOLD] }, /^holds\.1\.id: expected an id of its own/],
    [
      'a hold that ends before it begins',
      { holds: [{ ...HOLD, at: AT, expires_at: AT }] },
      /^holds\.0\.expires_at: expected an instant after at/,
    ],
    [
      'a departure of no stage',
      { departed: { rocket: AT } },
      /^departed\.rocket: expected one of latest, canary, train/,
    ],
    [
      'a step of no environment',
      { steps: { 'prod-9': { version: '1', from: {}, stacks: [], overtaken: [], splaySeconds: 1 } } },
      /^steps\.prod-9: expected one of/,
    ],
    [
      'a step on no stack',
      { steps: { dev: { version: '1', from: {}, stacks: ['slate'], overtaken: [], splaySeconds: 1 } } },
      /^steps\.dev\.stacks\.0: expected one of basalt/,
    ],
    ['somebody joined who is not there', { joined: ['prod-9'] }, /^joined\.0: expected one of/],
    [
      'too many artifacts',
      { artifacts: Array.from({ length: FORECAST_ENTRIES_MAX + 1 }, (_, i) => ({ version: `1.${i}` })) },
      /^artifacts: expected at most 1000 of them/,
    ],
  ];

  test.each(cases)('%s', (_, fields, error) => {
    expect(errorsOf({ ...MINIMAL, ...fields })).toEqual([expect.stringMatching(error)]);
  });

  property('anything at all is read or refused, and never throws', [jsonValue, jsonValue], (some, other) => {
    for (const field of ['at', 'until', 'horizon', 'pins', 'artifacts', 'holds', 'departed', 'steps', 'joined']) {
      decodeWith(ForecastRequest)({ ...MINIMAL, [field]: some });
      decodeWith(ForecastRequest)({ ...MINIMAL, [field]: [some, other] });
    }
    decodeWith(ForecastRequest)(some);
  });
});
