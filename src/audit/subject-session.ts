import { createAttack } from '../attacks/create-attack.ts';
import type { Criterion } from '../attacks/attack.ts';
import { survivalOfRounding } from '../attacks/eight-bit-survival.ts';
import { Batch } from '../arrays/batch.ts';
import { openSamples } from '../data/open-samples.ts';
import type { Samples } from '../data/samples.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/open-engine.ts';
import { checkModelGradient } from '../model/check-model-gradient.ts';
import { openClassifier, type OpenedModel } from '../model/open-classifier.ts';
import { readSavedModel } from '../model/read-saved-model.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { monteCarloDropout } from '../uncertainty/mc-dropout.ts';
import type { NotApplicable, Posterior } from '../uncertainty/posterior.ts';
import type { AttackTarget, PieceOutput, PieceTask } from './piece.ts';
import type { AuditSubject, GradientReport, SubjectRecord } from './subject.ts';

/** How a running piece reports back and is stopped. */
export interface PieceControl {
  readonly signal?: AbortSignal;
  /** Share of the piece that is done, in [0, 1]. */
  readonly onProgress?: (fraction: number) => void;
}

/**
 * Everything that one thread has open of an audit: engine, model, data, posterior. Pieces run here.
 * Attacks, uncertainty and data do not know each other; this is where they meet.
 */
export class SubjectSession {
  readonly #subject: AuditSubject;
  readonly #engine: Engine;
  readonly #saved: SavedModel;
  readonly #model: OpenedModel;
  readonly #samples: Samples;
  readonly #posterior: Posterior | NotApplicable;
  #isDisposed = false;

  private constructor(
    subject: AuditSubject,
    engine: Engine,
    saved: SavedModel,
    model: OpenedModel,
    samples: Samples,
    posterior: Posterior | NotApplicable,
  ) {
    this.#subject = subject;
    this.#engine = engine;
    this.#saved = saved;
    this.#model = model;
    this.#samples = samples;
    this.#posterior = posterior;
  }

  /** @throws AssayError that says what is wrong with model, data or engine */
  static async open(subject: AuditSubject, wasmDirectory?: string): Promise<SubjectSession> {
    const engine = await openEngine({
      name: subject.engine,
      moduleFolders: [subject.folder],
      ...(wasmDirectory === undefined ? {} : { wasmDirectory }),
    });
    const { bounds, shape, preprocessing, classNames, output } = subject.input;
    const [lower, upper] = bounds;
    const saved = await readSavedModel(subject.modelPath, { workspaceFolder: subject.folder });
    const model = await openClassifier(engine, saved, {
      bounds: { lower, upper },
      ...(preprocessing === undefined ? {} : { preprocessing }),
      ...(shape === undefined ? {} : { inputShape: shape }),
      ...(output === undefined ? {} : { output }),
    });
    const samples = await openSamples(subject.data, {
      shape: model.classifier.inputShape,
      bounds,
      classCount: model.classifier.classCount,
      ...(subject.data.storedRange === undefined ? {} : { storedRange: subject.data.storedRange }),
      ...(classNames === undefined ? {} : { classNames }),
    });
    const posterior: Posterior | NotApplicable =
      subject.uncertainty === 'off'
        ? {
            applicable: false,
            reason: 'Uncertainty is turned off in the configuration.',
            remedy: 'Set "uncertainty.method" to "mc-dropout" to turn it on.',
          }
        : await monteCarloDropout(engine, saved, {
            ...(preprocessing === undefined ? {} : { preprocessing }),
            ...(shape === undefined ? {} : { inputShape: shape }),
          });
    return new SubjectSession(subject, engine, saved, model, samples, posterior);
  }

  /** What was opened, for plan and report. */
  describe(): SubjectRecord {
    const { description } = this.#model;
    const { input } = this.#subject;
    const posterior = this.#posterior;
    return {
      model: {
        format: description.format,
        fingerprint: this.#saved.fingerprint,
        inputShape: [...description.inputShape],
        classCount: description.classCount,
        classNames: classNames(description.classCount, input.classNames),
        bounds: [input.bounds[0], input.bounds[1]],
        parameterCount: description.parameterCount,
        logits: description.logits,
        notes: [...description.notes],
      },
      modelFiles: this.#saved.files,
      dataFiles: this.#samples.files,
      dataFingerprint: this.#samples.fingerprint,
      dataCount: this.#samples.count,
      engine: { name: this.#engine.name, version: this.#engine.version },
      posterior: posterior.applicable
        ? { applicable: true, method: posterior.method, description: posterior.description }
        : { applicable: false, reason: posterior.reason, remedy: posterior.remedy },
    };
  }

  /** Stable names of samples, as the data set has them. */
  sampleIds(indices: readonly number[]): string[] {
    return indices.map(index => this.#samples.id(index));
  }

  /** Checks the model's own input gradient on a few clean samples against finite differences. */
  async checkGradient(indices: readonly number[]): Promise<GradientReport> {
    const { inputs, labels } = await this.#samples.read(indices);
    const check = await checkModelGradient(this.#model.classifier, inputs, labels, {
      seed: this.#subject.seed,
      sampleIndices: indices,
    });
    return { check, notes: this.#engine.notes };
  }

  async run(task: PieceTask, control: PieceControl = {}): Promise<PieceOutput> {
    const { step, indices } = task;
    switch (step.kind) {
      case 'predict': {
        const { inputs, labels } = await this.#samples.read(indices);
        const logits = await this.#model.classifier.logits(inputs);
        return { kind: 'predict', inputs: inputs.values, labels, logits: logits.values };
      }
      case 'attack': {
        const { inputs, labels } = await this.#samples.read(indices);
        const { classifier } = this.#model;
        const criterion = criterionFor(labels, step.target, classifier.classCount);
        const result = await createAttack(step.settings).run({
          classifier,
          inputs,
          criterion,
          seed: this.#subject.seed,
          sampleIndices: indices,
          ...(control.signal === undefined ? {} : { signal: control.signal }),
          onProgress: ({ completed, total }) => control.onProgress?.(completed / total),
        });
        return {
          kind: 'attack',
          adversaries: result.adversaries.values,
          logits: result.logits.values,
          outcomes: result.outcomes,
          steps: result.steps,
          lostSuccess: Int32Array.from(result.lostSuccess),
          survivesRounding: isPicture(classifier.inputShape)
            ? await survivalOfRounding(classifier, criterion, result)
            : new Int32Array(indices.length).fill(-1),
        };
      }
      case 'score': {
        const posterior = this.#posterior;
        if (!posterior.applicable) throw new RangeError(posterior.reason);
        const inputs =
          task.inputs === undefined
            ? (await this.#samples.read(indices)).inputs
            : new Batch(task.inputs, this.#model.classifier.inputShape);
        const scores = await posterior.score(inputs, {
          passes: step.passes,
          seed: this.#subject.seed,
          sampleIndices: indices,
          ...(control.signal === undefined ? {} : { signal: control.signal }),
        });
        return {
          kind: 'score',
          passes: scores.passes,
          mutualInformation: scores.mutualInformation,
          softmaxVariance: scores.softmaxVariance,
          predictiveEntropy: scores.predictiveEntropy,
          prediction: scores.prediction,
        };
      }
    }
  }

  /** May be called again: a cancelled audit is closed from two sides. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#posterior.applicable) this.#posterior.dispose();
    this.#model.classifier.dispose();
    this.#engine.dispose();
  }
}

/** A targeted attack never aims at the label itself: there it takes the class after it. */
function criterionFor(
  labels: Int32Array,
  target: AttackTarget | undefined,
  classCount: number,
): Criterion {
  if (target === undefined) return { kind: 'misclassified', labels };
  const targets = labels.map(label =>
    target === 'next' || target === label ? (label + 1) % classCount : target,
  );
  return { kind: 'classified-as', labels, targets };
}

/** `[height, width, channels]`: only pictures are kept in 8 bits. */
function isPicture(shape: readonly number[]): boolean {
  return shape.length === 3;
}

function classNames(count: number, given: readonly string[] | undefined): string[] {
  return Array.from({ length: count }, (_, i) => given?.[i] ?? String(i));
}
