import fc from 'fast-check';

/**
 * Property tests draw the same cases in every run, so that a change is to blame when one fails.
 * `PROPERTY_SEED=random` looks further; any other number repeats a run.
 */
const wanted = process.env['PROPERTY_SEED'];
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted ?? 20261122) });
