import { probeModel } from '../attacks/model-probe.ts';
import { matchedNoise } from '../attacks/matched-noise.ts';
import { Batch } from '../arrays/batch.ts';
import { certify } from '../certification/randomised-smoothing.ts';
import { corrupt } from '../data/corruption.ts';
import type { Samples } from '../data/samples.ts';
import { checkModelGradient } from '../model/check-model-gradient.ts';
import { attackCriterion } from './attack-criterion.ts';
import { AttackSession } from './attack-session.ts';
import { describeSubject } from './describe-subject.ts';
import type { ManifoldRequest, ManifoldSession } from './manifold-session.ts';
import { openSubject, type OpenedSubject } from './open-subject.ts';
import { seedModelChance } from './model-chance.ts';
import type { OutputOf, PieceOutput, PieceStep, PieceTask } from './piece.ts';
import type { PieceControl } from './piece-executor.ts';
import type { AuditSubject, GradientReport, SubjectRecord } from './subject.ts';
import { ThreadPhase } from './thread-phase.ts';

/**
 * One thread's part of an audit: its engine, model, data and posterior, on which pieces run.
 * Attacks, uncertainty and data do not know each other; this is where they meet.
 */
export class SubjectSession {
  readonly #opened: OpenedSubject;
  readonly #attacks: AttackSession;
  #isDisposed = false;
  /** How many of the engine's remarks have been passed on. */
  #toldNotes = 0;

  private constructor(opened: OpenedSubject) {
    const { subject, model, data, uncertainty, others } = opened;
    const { classifier } = model;
    this.#opened = opened;
    this.#attacks = new AttackSession({
      subject,
      classifier,
      samples: data.samples,
      uncertainty,
      others,
    });
  }

  /**
   * @param phase hears of what takes a while
   * @throws AssayError that says what is wrong with model, data or engine
   */
  static async open(subject: AuditSubject, phase = new ThreadPhase()): Promise<SubjectSession> {
    seedModelChance(subject.seed, ['opening']);
    return new SubjectSession(await openSubject(subject, phase));
  }

  /** What was opened, for plan and report. */
  async describe({ onPhase }: Pick<PieceControl, 'onPhase'> = {}): Promise<SubjectRecord> {
    const { phase } = this.#opened;
    return await phase.during(onPhase, () => describeSubject(this.#opened));
  }

  /** Stable names of samples, as the data set has them. */
  sampleIds(indices: readonly number[]): string[] {
    const { samples } = this.#opened.data;
    return indices.map(index => samples.id(index));
  }

  /** Checks the model's own input gradient on a few clean samples against finite differences. */
  async checkGradient(
    indices: readonly number[],
    { signal }: PieceControl = {},
  ): Promise<GradientReport> {
    const { subject, engine, model, data } = this.#opened;
    const restartDraws = (...of: readonly number[]) => {
      seedModelChance(subject.seed, ['gradient check', ...of]);
    };
    restartDraws(...indices);
    const { inputs, labels } = await data.samples.read(indices);
    const check = await checkModelGradient(model.classifier, inputs, labels, {
      seed: subject.seed,
      sampleIndices: indices,
      restartDraws,
      ...(signal === undefined ? {} : { signal }),
    });
    return { check, notes: engine.notes };
  }

  async run(task: PieceTask, control: PieceControl = {}): Promise<PieceOutput> {
    try {
      const { phase, subject } = this.#opened;
      const { step, indices, stage } = task;
      seedModelChance(subject.seed, [JSON.stringify(step), stage?.number ?? 0, ...indices]);
      return await phase.during(control.onPhase, () => this.#runStep(task, control));
    } finally {
      this.#tellNotes(control);
    }
  }

  #tellNotes({ onNote }: PieceControl): void {
    const { notes } = this.#opened.engine;
    for (const note of notes.slice(this.#toldNotes)) onNote?.(note);
    this.#toldNotes = notes.length;
  }

  async #runStep(task: PieceTask, control: PieceControl): Promise<PieceOutput> {
    const { step, indices } = task;
    const { samples } = this.#opened.data;
    switch (step.kind) {
      case 'predict': {
        const { inputs, labels } = await samples.read(indices);
        return await this.#predict(inputs, labels);
      }
      case 'outside': {
        const { inputs, labels } = await this.#outside(step.source).read(indices);
        return await this.#predict(inputs, labels);
      }
      case 'corrupt': {
        const { inputs, labels } = await samples.read(indices);
        const { input, seed } = this.#opened.subject;
        const context = { bounds: input.bounds, seed, sampleIndices: indices };
        return await this.#predict(corrupt(inputs, step.settings, context), labels);
      }
      case 'match-noise': {
        const { inputs, labels } = await samples.read(indices);
        const noisy = matchedNoise(inputs, this.#inputsOf(task), {
          norm: step.norm,
          bounds: this.#opened.model.classifier.bounds,
          seed: this.#opened.subject.seed,
          sampleIndices: indices,
        });
        return await this.#predict(noisy, labels);
      }
      case 'attack':
        return await this.#attacks.attack(step, task, control);
      case 'evade':
        return await this.#attacks.evade(step, task, control);
      case 'transfer':
        return await this.#attacks.transfer(step, indices, control);
      case 'natural':
        return await this.#trained().natural(step.search, await this.#request(indices, control));
      case 'correct':
        return await this.#correct(step, task, control);
      case 'illustrate':
        return await this.#trained().illustrate(await this.#request(indices, control));
      case 'certify': {
        const { labels, ...context } = await this.#labelled(indices, control);
        return { kind: 'certify', ...(await certify(context, step.settings)), labels };
      }
      case 'probe': {
        const { labels, ...context } = await this.#labelled(indices, control);
        const criterion = attackCriterion(labels, undefined, context.classifier.classCount);
        return { kind: 'probe', ...(await probeModel({ ...context, criterion })) };
      }
      case 'score':
        return await this.#score(step, task, control);
    }
  }

  /** Clean samples with the model and all that a measurement of them needs. */
  async #labelled(indices: readonly number[], { signal }: PieceControl) {
    const { subject, model, data } = this.#opened;
    const { inputs, labels } = await data.samples.read(indices);
    return {
      classifier: model.classifier,
      inputs,
      labels,
      seed: subject.seed,
      sampleIndices: indices,
      ...(signal === undefined ? {} : { signal }),
    };
  }

  async #predict(inputs: Batch, labels: Int32Array): Promise<OutputOf<'predict'>> {
    const logits = await this.#opened.model.classifier.logits(inputs);
    return { kind: 'predict', inputs: inputs.values, labels, logits: logits.values };
  }

  async #correct(
    { adaptive }: Extract<PieceStep, { kind: 'correct' }>,
    task: PieceTask,
    control: PieceControl,
  ): Promise<OutputOf<'correct'>> {
    const request = await this.#request(task.indices, control);
    const inputs = task.inputs === undefined ? request.inputs : this.#inputsOf(task);
    const { classCount } = this.#opened.model.classifier;
    return await this.#trained().correct(
      inputs,
      adaptive && {
        settings: adaptive.settings,
        criterion: attackCriterion(request.labels, adaptive.target, classCount),
      },
      request,
    );
  }

  async #score(
    { source, passes, calibrated }: Extract<PieceStep, { kind: 'score' }>,
    task: PieceTask,
    { signal }: PieceControl,
  ): Promise<OutputOf<'score'>> {
    const { data, uncertainty, manifold } = this.#opened;
    const { indices } = task;
    const samples = source === undefined ? data.samples : this.#outside(source);
    const inputs =
      task.inputs === undefined ? (await samples.read(indices)).inputs : this.#inputsOf(task);
    const scored = await uncertainty.score({ inputs, indices, passes, calibrated, signal });
    return { ...scored, scores: { ...scored.scores, ...(await manifold?.scores(inputs)) } };
  }

  /** The manifold; pieces that need it are planned only where it is trained. */
  #trained(): ManifoldSession {
    const { manifold } = this.#opened;
    if (manifold === undefined) throw new RangeError('the manifold is not trained');
    return manifold;
  }

  async #request(indices: readonly number[], control: PieceControl): Promise<ManifoldRequest> {
    const { inputs, labels } = await this.#opened.data.samples.read(indices);
    const { signal, onProgress } = control;
    return { inputs, labels, indices, signal, onProgress };
  }

  #inputsOf({ inputs }: PieceTask): Batch {
    if (inputs === undefined) throw new RangeError('the task brings no inputs');
    return new Batch(inputs, this.#opened.model.classifier.inputShape);
  }

  #outside(name: string): Samples {
    const source = this.#opened.data.outside.get(name);
    if (source === undefined) throw new RangeError(`there is no source ${name}`);
    return source;
  }

  /** May be called again: a cancelled audit is closed from two sides. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    const { engine, model, uncertainty, others, manifold } = this.#opened;
    void uncertainty.dispose();
    void others.dispose();
    manifold?.dispose();
    model.classifier.dispose();
    engine.dispose();
  }
}
