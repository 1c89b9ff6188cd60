import type { AttackContext, Norm } from './attack.ts';
import { isSafelyMet } from './criterion.ts';
import { distanceBetween } from './norms.ts';
import { type Findings, noFindings } from './verification.ts';

/** What a minimum-norm attack is after: of all inputs that met the criterion, the nearest. */
export class NearestSuccesses {
  readonly findings: Findings;
  /** Distance of each sample's nearest success; Infinity without one. */
  readonly distances: Float64Array;
  readonly #context: AttackContext;
  readonly #norm: Norm;
  readonly #confidence: number;

  /** @param confidence by how many logits the criterion must be met */
  constructor(context: AttackContext, norm: Norm, confidence = 0) {
    this.findings = noFindings(context.inputs);
    this.distances = new Float64Array(context.inputs.count).fill(Infinity);
    this.#context = context;
    this.#norm = norm;
    this.#confidence = confidence;
  }

  /** Looks at an input for the sample `row`, and copies it if it is the nearest success so far. */
  offer(row: number, point: Float32Array, logits: Float32Array): boolean {
    const { inputs, criterion } = this.#context;
    if (!isSafelyMet(criterion, row, logits, this.#confidence)) return false;
    this.findings.seenSuccess[row] = 1;
    const distance = distanceBetween(inputs.row(row), point, this.#norm);
    if (distance < (this.distances[row] as number)) {
      this.distances[row] = distance;
      this.findings.candidates.row(row).set(point);
    }
    return true;
  }
}
