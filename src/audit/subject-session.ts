import { resolve } from 'node:path';
import { createAttack } from '../attacks/create-attack.ts';
import type { AttackContext, AttackResult, Criterion } from '../attacks/attack.ts';
import { averagedClassifier } from '../attacks/averaged-classifier.ts';
import { probeModel } from '../attacks/model-probe.ts';
import { survivalOfRounding } from '../attacks/eight-bit-survival.ts';
import { transferAdversaries } from '../attacks/transfer.ts';
import { matchedNoise } from '../attacks/matched-noise.ts';
import { Batch } from '../arrays/batch.ts';
import { certify } from '../certification/randomised-smoothing.ts';
import { corrupt } from '../data/corruption.ts';
import type { Samples } from '../data/samples.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/open-engine.ts';
import { checkModelGradient } from '../model/check-model-gradient.ts';
import type { Classifier } from '../model/classifier.ts';
import type { OpenModelOptions } from '../model/logit-network.ts';
import { openClassifier, type OpenedModel } from '../model/open-classifier.ts';
import { readSavedModel } from '../model/read-saved-model.ts';
import type { SavedModel } from '../model/saved-model.ts';
import type { AttackTarget, OutputOf, PieceOutput, PieceStep, PieceTask } from './piece.ts';
import { type ManifoldRequest, ManifoldSession } from './manifold-session.ts';
import type { AuditSubject, GradientReport, ManifoldState, SubjectRecord } from './subject.ts';
import { runAttackStage } from './staged-attack.ts';
import { openSubjectData, sourceRecord, type SubjectData } from './subject-data.ts';
import { TransferModels } from './transfer-models.ts';
import { UncertaintySession } from './uncertainty-session.ts';

/** How a running piece reports back and is stopped. */
export interface PieceControl {
  readonly signal?: AbortSignal;
  /** Share of the piece that is done, in [0, 1]. */
  readonly onProgress?: (fraction: number) => void;
  /** Takes each remark of the engine, for example what could not be compiled, once a thread. */
  readonly onNote?: (note: string) => void;
}

/**
 * Everything that one thread has open of an audit: engine, model, data, uncertainty. Pieces run here.
 * Attacks, uncertainty and data do not know each other; this is where they meet.
 */
export class SubjectSession {
  readonly #subject: AuditSubject;
  readonly #engine: Engine;
  readonly #saved: SavedModel;
  readonly #model: OpenedModel;
  readonly #data: SubjectData;
  readonly #uncertainty: UncertaintySession;
  readonly #others: TransferModels;
  readonly #manifold: ManifoldSession | undefined;
  #isDisposed = false;
  /** How many of the engine's remarks have been passed on. */
  #toldNotes = 0;

  private constructor(
    subject: AuditSubject,
    engine: Engine,
    saved: SavedModel,
    model: OpenedModel,
    data: SubjectData,
    uncertainty: UncertaintySession,
    others: TransferModels,
    manifold: ManifoldSession | undefined,
  ) {
    this.#subject = subject;
    this.#engine = engine;
    this.#saved = saved;
    this.#model = model;
    this.#data = data;
    this.#uncertainty = uncertainty;
    this.#others = others;
    this.#manifold = manifold;
  }

  /** @throws AssayError that says what is wrong with model, data or engine */
  static async open(subject: AuditSubject, wasmDirectory?: string): Promise<SubjectSession> {
    const engine = await openEngine({
      name: subject.engine,
      moduleFolders: [subject.folder],
      ...(wasmDirectory === undefined ? {} : { wasmDirectory }),
    });
    const saved = await readSavedModel(subject.modelPath, { workspaceFolder: subject.folder });
    const options = modelOptions(subject);
    const model = await openClassifier(engine, saved, options);
    const data = await openSubjectData(subject, model.classifier);
    const uncertainty = await UncertaintySession.open({
      engine,
      saved,
      classifier: model.classifier,
      options,
      subject,
      ...data,
    });
    const { output: _, ...forOthers } = options;
    const others = await TransferModels.read(
      engine,
      subject.transferFrom,
      subject.folder,
      forOthers,
    );
    const manifold = await openManifoldOf(subject, engine, model.classifier, data);
    return new SubjectSession(subject, engine, saved, model, data, uncertainty, others, manifold);
  }

  /** What was opened, for plan and report. */
  async describe(): Promise<SubjectRecord> {
    const { description } = this.#model;
    const { input, uncertainty } = this.#subject;
    const { samples, fitting, outside, manifoldData } = this.#data;
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
      dataFiles: samples.files,
      dataFingerprint: samples.fingerprint,
      dataCount: samples.count,
      engine: { name: this.#engine.name, version: this.#engine.version },
      posterior: await this.#uncertainty.describe(),
      scored: uncertainty.method !== 'off',
      calibration:
        fitting.samples === samples ? undefined : sourceRecord('calibration', fitting.samples),
      companionFiles: this.#uncertainty.companions.flatMap(({ files }) => files),
      uncertaintyFingerprint: this.#uncertainty.fingerprint(),
      outside: [...outside].map(([name, source]) => sourceRecord(name, source)),
      transferFrom: this.#others.describe(),
      manifold: manifoldData === undefined ? undefined : (this.#manifold?.describe() ?? notTrained),
      manifoldData: manifoldData === undefined ? undefined : sourceRecord('manifold', manifoldData),
    };
  }

  /** Stable names of samples, as the data set has them. */
  sampleIds(indices: readonly number[]): string[] {
    return indices.map(index => this.#data.samples.id(index));
  }

  /** Checks the model's own input gradient on a few clean samples against finite differences. */
  async checkGradient(
    indices: readonly number[],
    { signal }: PieceControl = {},
  ): Promise<GradientReport> {
    const { inputs, labels } = await this.#data.samples.read(indices);
    const check = await checkModelGradient(this.#model.classifier, inputs, labels, {
      seed: this.#subject.seed,
      sampleIndices: indices,
      ...(signal === undefined ? {} : { signal }),
    });
    return { check, notes: this.#engine.notes };
  }

  async run(task: PieceTask, control: PieceControl = {}): Promise<PieceOutput> {
    try {
      return await this.#runStep(task, control);
    } finally {
      this.#tellNotes(control);
    }
  }

  #tellNotes({ onNote }: PieceControl): void {
    for (const note of this.#engine.notes.slice(this.#toldNotes)) onNote?.(note);
    this.#toldNotes = this.#engine.notes.length;
  }

  async #runStep(task: PieceTask, control: PieceControl): Promise<PieceOutput> {
    const { step, indices } = task;
    const { classifier } = this.#model;
    switch (step.kind) {
      case 'predict': {
        const { inputs, labels } = await this.#data.samples.read(indices);
        return await this.#predict(inputs, labels);
      }
      case 'outside': {
        const { inputs, labels } = await this.#outside(step.source).read(indices);
        return await this.#predict(inputs, labels);
      }
      case 'corrupt': {
        const { inputs, labels } = await this.#data.samples.read(indices);
        const { bounds } = this.#subject.input;
        const context = { bounds, seed: this.#subject.seed, sampleIndices: indices };
        return await this.#predict(corrupt(inputs, step.settings, context), labels);
      }
      case 'match-noise': {
        const { inputs, labels } = await this.#data.samples.read(indices);
        const noisy = matchedNoise(inputs, this.#inputsOf(task), {
          norm: step.norm,
          bounds: classifier.bounds,
          seed: this.#subject.seed,
          sampleIndices: indices,
        });
        return await this.#predict(noisy, labels);
      }
      case 'attack':
        return await this.#attack(step, this.#averaged(classifier), task, control);
      case 'transfer':
        return await this.#transfer(step, indices, control);
      case 'natural':
        return await this.#trained().natural(step.search, await this.#request(indices, control));
      case 'correct': {
        const request = await this.#request(indices, control);
        const inputs = task.inputs === undefined ? request.inputs : this.#inputsOf(task);
        const { adaptive } = step;
        return await this.#trained().correct(
          inputs,
          adaptive && {
            settings: adaptive.settings,
            criterion: criterionFor(request.labels, adaptive.target, classifier.classCount),
          },
          request,
        );
      }
      case 'illustrate':
        return await this.#trained().illustrate(await this.#request(indices, control));
      case 'evade': {
        const evading = this.#uncertainty.evasive(step.evasion, step.target === undefined ? 1 : -1);
        try {
          return await this.#attack(step, evading, task, control);
        } finally {
          evading.dispose();
        }
      }
      case 'certify': {
        const { inputs, labels } = await this.#data.samples.read(indices);
        const certificates = await certify(
          {
            classifier,
            inputs,
            seed: this.#subject.seed,
            sampleIndices: indices,
            ...(control.signal === undefined ? {} : { signal: control.signal }),
          },
          step.settings,
        );
        return { kind: 'certify', ...certificates, labels };
      }
      case 'probe': {
        const { inputs, labels } = await this.#data.samples.read(indices);
        const probe = await probeModel({
          classifier,
          inputs,
          criterion: { kind: 'misclassified', labels },
          seed: this.#subject.seed,
          sampleIndices: indices,
          ...(control.signal === undefined ? {} : { signal: control.signal }),
        });
        return { kind: 'probe', ...probe };
      }
      case 'score': {
        const source = step.source === undefined ? undefined : this.#outside(step.source);
        const inputs =
          task.inputs === undefined
            ? (await (source ?? this.#data.samples).read(indices)).inputs
            : this.#inputsOf(task);
        const { passes, calibrated } = step;
        const scored = await this.#uncertainty.score({
          inputs,
          indices,
          passes,
          calibrated,
          signal: control.signal,
        });
        return {
          ...scored,
          scores: { ...scored.scores, ...(await this.#manifold?.scores(inputs)) },
        };
      }
    }
  }

  /** The manifold; pieces that need it are planned only where it is trained. */
  #trained(): ManifoldSession {
    if (this.#manifold === undefined) throw new RangeError('the manifold is not trained');
    return this.#manifold;
  }

  async #request(indices: readonly number[], control: PieceControl): Promise<ManifoldRequest> {
    const { inputs, labels } = await this.#data.samples.read(indices);
    const { signal, onProgress } = control;
    return { inputs, labels, indices, signal, onProgress };
  }

  async #predict(inputs: Batch, labels: Int32Array): Promise<OutputOf<'predict'>> {
    const logits = await this.#model.classifier.logits(inputs);
    return { kind: 'predict', inputs: inputs.values, labels, logits: logits.values };
  }

  async #attack(
    step: Extract<PieceStep, { kind: 'attack' | 'evade' }>,
    classifier: Classifier,
    { indices, stage }: PieceTask,
    control: PieceControl,
  ): Promise<OutputOf<'attack'>> {
    const { inputs, labels } = await this.#data.samples.read(indices);
    const criterion = criterionFor(labels, step.target, classifier.classCount);
    const result = await runAttackStage(
      step.settings,
      this.#contextOf(classifier, { inputs, indices, criterion }, control),
      stage,
    );
    return await this.#attackOutput(result, classifier, criterion);
  }

  async #transfer(
    step: Extract<PieceStep, { kind: 'transfer' }>,
    indices: readonly number[],
    control: PieceControl,
  ): Promise<OutputOf<'attack'>> {
    const { inputs, labels } = await this.#data.samples.read(indices);
    const { classifier } = this.#model;
    const other = await this.#others.classifier(
      resolve(this.#subject.folder, step.from),
      classifier,
    );
    const criterion = criterionFor(labels, step.target, classifier.classCount);
    const made = await createAttack(step.settings).run(
      this.#contextOf(this.#averaged(other), { inputs, indices, criterion }, control),
    );
    const result = await transferAdversaries(classifier, inputs, criterion, made);
    return await this.#attackOutput(result, classifier, criterion);
  }

  /** The model as attacks see it: for one that draws random numbers, the mean of some passes. */
  #averaged(classifier: Classifier): Classifier {
    const { averagedPasses } = this.#subject;
    return averagedPasses === 1 ? classifier : averagedClassifier(classifier, averagedPasses);
  }

  #contextOf(
    classifier: Classifier,
    samples: Pick<AttackContext, 'inputs' | 'criterion'> & { readonly indices: readonly number[] },
    control: PieceControl,
  ): AttackContext {
    const { inputs, criterion, indices } = samples;
    return {
      classifier,
      inputs,
      criterion,
      seed: this.#subject.seed,
      sampleIndices: indices,
      ...(control.signal === undefined ? {} : { signal: control.signal }),
      onProgress: ({ completed, total }) => control.onProgress?.(completed / total),
    };
  }

  async #attackOutput(
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

  #inputsOf({ inputs }: PieceTask): Batch {
    if (inputs === undefined) throw new RangeError('the task brings no inputs');
    return new Batch(inputs, this.#model.classifier.inputShape);
  }

  #outside(name: string): Samples {
    const source = this.#data.outside.get(name);
    if (source === undefined) throw new RangeError(`there is no source ${name}`);
    return source;
  }

  /** May be called again: a cancelled audit is closed from two sides. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    void this.#uncertainty.dispose();
    void this.#others.dispose();
    this.#manifold?.dispose();
    this.#model.classifier.dispose();
    this.#engine.dispose();
  }
}

/** The trained manifold of the subject, if it has one. */
async function openManifoldOf(
  { manifold, folder, seed }: AuditSubject,
  engine: Engine,
  classifier: Classifier,
  { manifoldData }: SubjectData,
): Promise<ManifoldSession | undefined> {
  if (manifold === undefined || manifoldData === undefined) return undefined;
  const { config, seed: trainingSeed } = manifold;
  return await ManifoldSession.open({
    engine,
    classifier,
    config,
    data: manifoldData,
    folder,
    trainingSeed,
    seed,
  });
}

const notTrained: ManifoldState = {
  trained: false,
  reason: 'The manifold of the configuration is not trained yet.',
  remedy: 'Train it with "assay manifold train", or with the command "Assay: Train Manifold".',
};

function modelOptions({ input }: AuditSubject): OpenModelOptions {
  const { bounds, shape, preprocessing, output } = input;
  const [lower, upper] = bounds;
  return {
    bounds: { lower, upper },
    ...(preprocessing === undefined ? {} : { preprocessing }),
    ...(shape === undefined ? {} : { inputShape: shape }),
    ...(output === undefined ? {} : { output }),
  };
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
