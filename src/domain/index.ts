/**
 * The whole domain: values, laws and decisions, without an effect. Times come in as {@link EpochMs}, randomness as
 * hashes of names, and what should happen goes out as data.
 *
 * @module
 */
export * from './applier.ts';
export * from './artifact-version.ts';
export * from './assignment.ts';
export * from './audit-record.ts';
export * from './backoff.ts';
export * from './catalogue.ts';
export * from './cksum.ts';
export * from './compliance.ts';
export * from './control-state.ts';
export * from './cookbook-metadata.ts';
export * from './decoding.ts';
export * from './dedup.ts';
export * from './disabling.ts';
export * from './exported-state.ts';
export * from './fallback-record.ts';
export * from './fallback.ts';
export * from './forecast-request.ts';
export * from './forecast.ts';
export * from './freeze.ts';
export * from './hash.ts';
export * from './hold-text.ts';
export * from './hold.ts';
export * from './inbox-record.ts';
export * from './inbox.ts';
export * from './intervention.ts';
export * from './json-fields.ts';
export * from './last-run.ts';
export * from './manifest.ts';
export * from './names.ts';
export * from './next-signal.ts';
export * from './node-request.ts';
export * from './node-state.ts';
export * from './node-status.ts';
export * from './notification.ts';
export * from './outbox.ts';
export * from './outcome.ts';
export * from './pin.ts';
export * from './pins.ts';
export * from './polling.ts';
export * from './promotion-id.ts';
export * from './release-plan.ts';
export * from './run-outcome.ts';
export * from './run-request.ts';
export * from './schedule.ts';
export * from './signal.ts';
export * from './splay.ts';
export * from './summoner.ts';
export * from './tick.ts';
export * from './time.ts';
export * from './told.ts';
export * from './train-memory.ts';
export * from './train-shape.ts';
export * from './zone-map.ts';
