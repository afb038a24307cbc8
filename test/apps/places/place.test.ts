import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { formatPlace, isPath, parsePlace, placeBelow, type Place } from '../../../src/apps/places/place.ts';

const files = (path: string): Place => ({ _tag: 'Files', path });

describe('a place', () => {
  it.each<[string, Place]>([
    ['bus', files('bus')],
    ['/srv/bus', files('/srv/bus')],
    ['./s3:bucket', files('./s3:bucket')],
    ['C:\\bus', files('C:\\bus')],
    ['file:///srv/bus', files('file:///srv/bus')],
    ['s3://signals', { _tag: 'S3', bucket: 'signals', prefix: '' }],
    ['s3://signals/', { _tag: 'S3', bucket: 'signals', prefix: '' }],
    ['s3://signals/fleet-1/eu/', { _tag: 'S3', bucket: 'signals', prefix: 'fleet-1/eu' }],
    ['gs://signals/fleet-1', { _tag: 'Gcs', bucket: 'signals', prefix: 'fleet-1' }],
  ])('%s is read', (text, place) => {
    expect(parsePlace(text)).toEqual(E.right(place));
    expect(formatPlace(place)).toBe(text.startsWith('file:') ? text : text.replace(/\/$/, ''));
  });

  it.each(['', 's3:', 's3://', 's3:///fleet', 's3:signals', 'S3://signals', 'gcs://signals', 'az://signals', 'a\0b'])(
    '%j is none',
    (text) => {
      expect(parsePlace(text)).toEqual(E.left(expect.stringContaining('s3://bucket/prefix or gs://bucket/prefix')));
    },
  );

  it.each(['file://elsewhere/srv', 'https://example.com/plan.yaml', 's3://signals/plan.yaml'])(
    '%s is no path of this machine',
    (text) => {
      expect(isPath(text)).toBe(false);
    },
  );

  it.each([
    ['bus', 'bus/run'],
    ['s3://signals', 's3://signals/run'],
    ['gs://signals/fleet', 'gs://signals/fleet/run'],
  ])('below %s there is %s', (text, below) => {
    expect(E.map((place: Place) => formatPlace(placeBelow(place, 'run')))(parsePlace(text))).toEqual(E.right(below));
  });
});
