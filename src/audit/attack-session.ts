import { resolve } from 'node:path';
import type { AttackContext, AttackResult, Criterion } from '../attacks/attack.ts';
import { averagedClassifier } from '../attacks/averaged-classifier.ts';
import { createAttack } from '../attacks/create-attack.ts';
import { survivalOfRounding } from '../attacks/eight-bit-survival.ts';
import { transferAdversaries } from '../attacks/transfer.ts';
import type { Samples } from '../data/samples.ts';
import type { Classifier } from '../model/classifier.ts';
import { attackCriterion } from './attack-criterion.ts';
import { attackUnnoticed } from './evasive-attack.ts';
import type { OutputOf, PieceStep, PieceTask } from './piece.ts';
import type { PieceControl } from './piece-executor.ts';
import { runAttackStage } from './staged-attack.ts';
import type { AuditSubject } from './subject.ts';
import type { TransferModels } from './transfer-models.ts';
import type { UncertaintySession } from './uncertainty-session.ts';

type StepOf<Kind extends PieceStep['kind']> = Extract<PieceStep, { kind: Kind }>;

/** What an attack works with. The session owns none of it. */
export interface AttackParts {
  readonly subject: AuditSubject;
  readonly classifier: Classifier;
  readonly samples: Samples;
  readonly uncertainty: UncertaintySession;
  /** The models that adversaries are made on for this one. */
  readonly others: TransferModels;
}

/** Attacks on the model of one thread: on itself, by way of another model, or past its detector. */
export class AttackSession {
  readonly #parts: AttackParts;

  constructor(parts: AttackParts) {
    this.#parts = parts;
  }

  /** Attacks the model, as a whole or one stage of an attack in stages. */
  async attack(
    step: StepOf<'attack'>,
    task: PieceTask,
    control: PieceControl,
  ): Promise<OutputOf<'attack'>> {
    return await this.#attack(step, this.#averaged(this.#parts.classifier), task, control);
  }

  /** Attacks the model as somebody does who knows of the detector. */
  async evade(
    step: StepOf<'evade'>,
    { indices }: PieceTask,
    control: PieceControl,
  ): Promise<OutputOf<'attack'>> {
    const { uncertainty, classifier, samples } = this.#parts;
    const evading = uncertainty.evasive(step.evasion, step.target === undefined ? 1 : -1);
    try {
      const { inputs, labels } = await samples.read(indices);
      const criterion = attackCriterion(labels, step.target, classifier.classCount);
      const model = this.#averaged(classifier);
      const context = this.#contextOf(model, { inputs, indices, criterion }, control);
      const result = await attackUnnoticed(step.settings, context, evading, step.evasion.steps);
      return await attackOutput(result, model, criterion);
    } finally {
      evading.dispose();
    }
  }

  /** Attacks another model, and shows this one what came of it. */
  async transfer(
    step: StepOf<'transfer'>,
    indices: readonly number[],
    control: PieceControl,
  ): Promise<OutputOf<'attack'>> {
    const { subject, classifier, samples, others } = this.#parts;
    const { inputs, labels } = await samples.read(indices);
    const other = await others.classifier(resolve(subject.folder, step.from), classifier);
    const criterion = attackCriterion(labels, step.target, classifier.classCount);
    const made = await createAttack(step.settings).run(
      this.#contextOf(this.#averaged(other), { inputs, indices, criterion }, control),
    );
    const result = await transferAdversaries(classifier, inputs, criterion, made);
    return await attackOutput(result, classifier, criterion);
  }

  async #attack(
    step: StepOf<'attack'>,
    classifier: Classifier,
    { indices, stage }: PieceTask,
    control: PieceControl,
  ): Promise<OutputOf<'attack'>> {
    const { inputs, labels } = await this.#parts.samples.read(indices);
    const criterion = attackCriterion(labels, step.target, classifier.classCount);
    const result = await runAttackStage(
      step.settings,
      this.#contextOf(classifier, { inputs, indices, criterion }, control),
      stage,
    );
    return await attackOutput(result, classifier, criterion);
  }

  /** The model as attacks see it: for one that draws random numbers, the mean of some passes. */
  #averaged(classifier: Classifier): Classifier {
    const { averagedPasses } = this.#parts.subject;
    return averagedPasses === 1 ? classifier : averagedClassifier(classifier, averagedPasses);
  }

  #contextOf(
    classifier: Classifier,
    samples: Pick<AttackContext, 'inputs' | 'criterion'> & { readonly indices: readonly number[] },
    { signal, onProgress }: PieceControl,
  ): AttackContext {
    const { inputs, criterion, indices } = samples;
    return {
      classifier,
      inputs,
      criterion,
      seed: this.#parts.subject.seed,
      sampleIndices: indices,
      ...(signal === undefined ? {} : { signal }),
      onProgress: ({ completed, total }) => onProgress?.(completed / total),
    };
  }
}

async function attackOutput(
  result: AttackResult,
  classifier: Classifier,
  criterion: Criterion,
): Promise<OutputOf<'attack'>> {
  return {
    kind: 'attack',
    adversaries: result.adversaries.values,
    logits: result.logits.values,
    outcomes: result.outcomes,
    steps: result.steps,
    lostSuccess: Int32Array.from(result.lostSuccess),
    survivesRounding: isPicture(classifier.inputShape)
      ? await survivalOfRounding(classifier, criterion, result)
      : new Int32Array(result.outcomes.length).fill(-1),
  };
}

/** `[height, width, channels]`: only pictures are kept in 8 bits. */
function isPicture(shape: readonly number[]): boolean {
  return shape.length === 3;
}
