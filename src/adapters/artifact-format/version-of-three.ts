import type { Version } from '../../domain/names.ts';

/** A cookbook's version in three numbers: Chef takes `1.2` for `1.2.0`, and lists it so. */
export const versionOfThree = (version: Version): Version =>
  /^\d+\.\d+$/.test(version) ? (`${version}.0` as Version) : version;
