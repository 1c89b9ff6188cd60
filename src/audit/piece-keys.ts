import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { PieceStep } from './piece.ts';
import type { AuditSubject, SubjectRecord } from './subject.ts';
import { toolVersion } from './tool-version.ts';

/**
 * The key of a step on some samples: SHA-256, in hexadecimal, over all that its numbers depend on.
 *
 * @param inputsFrom key of the piece whose inputs it builds on
 */
export type KeyOf = (step: PieceStep, indices: readonly number[], inputsFrom?: string) => string;

/** Keys of the pieces of one audit: equal keys mean equal results, in whichever audit. */
export function pieceKeys(subject: AuditSubject, record: SubjectRecord): KeyOf {
  const common = {
    // What an older release has computed may hold a mistake that this one mends.
    tool: toolVersion,
    // Raised when the same step comes to other numbers within a release.
    version: 5,
    model: record.model.fingerprint,
    data: record.dataFingerprint,
    input: subject.input,
    engine: record.engine,
    seed: subject.seed,
  };
  const others = new Map(record.transferFrom.map(({ path, fingerprint }) => [path, fingerprint]));
  const outside = new Map(record.outside.map(({ name, fingerprint }) => [name, fingerprint]));
  // Attacks stay valid when the posterior is made in another way; what it scores does not.
  const manifold = record.manifold?.trained === true ? record.manifold.key : null;
  const dependsOn = (step: PieceStep) => [
    step.kind === 'score' || step.kind === 'evade' ? record.uncertaintyFingerprint : null,
    step.kind === 'transfer' ? (others.get(resolve(subject.folder, step.from)) ?? null) : null,
    'settings' in step && step.kind !== 'corrupt' && step.kind !== 'certify'
      ? subject.averagedPasses
      : null,
    ...(step.kind === 'score' && manifold !== null ? [manifold] : []),
    'source' in step && step.source !== undefined ? (outside.get(step.source) ?? null) : null,
  ];
  return (step, indices, inputsFrom) =>
    createHash('sha256')
      .update(JSON.stringify([common, step, dependsOn(step), indices, inputsFrom ?? null]))
      .digest('hex');
}
