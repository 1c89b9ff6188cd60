import type { ResolvedConfig } from '../config/resolve-config.ts';
import type {
  AuditReport,
  Check,
  Condition,
  FileStamp,
  Flag,
  GradientCheckRecord,
  Proportion,
} from '../report/audit-report.ts';
import type { ManifoldPictures } from '../report/manifold-record.ts';
import { evaluateRequirements } from '../report/evaluate-requirements.ts';
import { portablePath } from '../report/report-files.ts';
import { proportion } from '../report/statistics.ts';
import { trustedVerdicts } from '../report/trusted-verdicts.ts';
import { attackRecord } from './attack-record.ts';
import { ConditionResults } from './condition-results.ts';
import { summariseCondition } from './condition-summary.ts';
import { CopiedSamples } from './copied-samples.ts';
import { DetectionSummary } from './detection-summary.ts';
import { raiseFlags } from './flags.ts';
import { describePictures, summariseManifold } from './manifold-summary.ts';
import type { DetectorRecord, OutputOf, PieceOutput } from './piece.ts';
import type { AuditPlan } from './plan.ts';
import type { PlannedPiece } from './planned-piece.ts';
import type { ProbeResult } from './probes.ts';
import type { EarlyDecision } from './early-decision.ts';
import { sampleRecords } from './sample-records.ts';
import { summariseCertificates } from './certified-summary.ts';
import { summariseRobustness } from './robustness-summary.ts';
import type { SubjectRecord } from './subject.ts';
import { weaknessesOf } from './weak-suite.ts';

/** What a report states about how it was made. */
export interface ReportOrigin {
  readonly toolVersion: string;
  readonly modelPath: string;
  readonly threads: number;
  readonly files: readonly FileStamp[];
}

/** The report while it grows: takes in finished pieces, and can be written at any time. */
export class GrowingReport {
  readonly #plan: AuditPlan;
  readonly #config: ResolvedConfig;
  readonly #record: SubjectRecord;
  readonly #origin: ReportOrigin;
  readonly #started = new Date();
  readonly #conditions: ReadonlyMap<string, ConditionResults>;
  readonly #ids: ReadonlyMap<number, string>;
  readonly #arrays: Record<string, string> = {};
  readonly #detection: DetectionSummary;
  /** What makes attacks too weak to tell of robustness, by id of the condition. */
  readonly #weaknesses: ReadonlyMap<string, string>;
  readonly #copied = new CopiedSamples();
  #detectors: DetectorRecord | undefined;
  readonly #engineNotes = new Set<string>();
  #gradientCheck: GradientCheckRecord | null = null;
  readonly #probes: ProbeResult[] = [];
  #earlyDecision: EarlyDecision | undefined;

  /** @param ids names of the samples by index in the data set */
  constructor(
    plan: AuditPlan,
    config: ResolvedConfig,
    record: SubjectRecord,
    origin: ReportOrigin,
    ids: ReadonlyMap<number, string>,
  ) {
    const { inputShape, classCount, bounds } = record.model;
    this.#plan = plan;
    this.#config = config;
    this.#record = record;
    this.#origin = origin;
    this.#ids = ids;
    this.#weaknesses = weaknessesOf(plan.conditions, bounds);
    this.#detection = new DetectionSummary({
      posterior: record.posterior,
      fit: { count: plan.fitCount, source: fittingSource(config.folder, record) },
    });
    this.#conditions = new Map(
      plan.conditions.map(condition => [
        condition.id,
        new ConditionResults(condition, inputShape, classCount),
      ]),
    );
  }

  get conditions(): readonly ConditionResults[] {
    return [...this.#conditions.values()];
  }

  condition(id: string): ConditionResults {
    const found = this.#conditions.get(id);
    if (found === undefined) throw new RangeError(`The plan has no condition ${id}`);
    return found;
  }

  /** Has requirements judged by bounds that hold whenever one stops. */
  decideEarly(decision: EarlyDecision): void {
    this.#earlyDecision = decision;
  }

  /** Takes in a finished piece. */
  add(piece: PlannedPiece, output: PieceOutput, seconds: number): void {
    const results = this.condition(piece.condition.id);
    results.seconds += seconds;
    switch (output.kind) {
      case 'predict':
        results.addPredictions(
          piece.start,
          output,
          piece.step.kind === 'predict' || piece.step.kind === 'outside'
            ? undefined
            : this.condition('clean'),
        );
        break;
      case 'attack':
        results.addAdversaries(piece.start, output, this.condition('clean'));
        break;
      case 'score':
        results.addScores(piece.start, output);
        this.#detectors = output.detectors;
        break;
      case 'certify':
      case 'probe':
      case 'illustrate':
        throw new RangeError('Probes belong to no condition');
      case 'correct':
        results.addCorrections(piece.start, output);
        break;
    }
  }

  /** Pictures of what the manifold holds, once they are drawn. */
  get illustration(): OutputOf<'illustrate'> | undefined {
    return this.#probes.map(({ output }) => output).find(output => output.kind === 'illustrate');
  }

  /** Takes in what a probe found; the flags tell of it. */
  addProbe(result: ProbeResult): void {
    this.#probes.push(result);
  }

  setGradientCheck(check: GradientCheckRecord, engineNotes: readonly string[]): void {
    this.#gradientCheck = check;
    this.addEngineNotes(engineNotes);
  }

  /** Takes in remarks of the engine; several threads make the same ones. */
  addEngineNotes(notes: readonly string[]): void {
    for (const note of notes) this.#engineNotes.add(note);
  }

  /** Records where a condition's arrays are, relative to the report. */
  setArrays(condition: string, path: string): void {
    this.#arrays[condition] = path;
  }

  /** The report as it stands. */
  build(state: AuditReport['state']): AuditReport {
    const record = this.#record;
    const { config, folder, file } = this.#config;
    const now = new Date();
    const conditions = this.#summaries();
    const detection = this.#detection.summarise(this.conditions, this.#detectors);
    const certified = summariseCertificates(config.smoothing, this.#plan.probes, this.#probes);
    const robustness = summariseRobustness(this.conditions, record.model.bounds);
    const flags = this.#flags();
    const { requirements } = config;
    return {
      version: 1,
      tool: { name: 'assay', version: this.#origin.toolVersion },
      state,
      startedAt: this.#started.toISOString(),
      updatedAt: now.toISOString(),
      seconds: (now.getTime() - this.#started.getTime()) / 1000,
      seed: this.#plan.seed,
      preset: this.#plan.preset,
      config: portablePath(folder, file),
      fingerprint: this.#plan.fingerprint,
      model: {
        path: portablePath(folder, this.#origin.modelPath),
        name: modelName(folder, this.#origin.modelPath),
        ...record.model,
      },
      data: {
        source: portablePath(folder, record.dataFiles[0] ?? folder),
        fingerprint: record.dataFingerprint,
        total: record.dataCount,
        selection: this.#plan.selection,
        samples: this.#plan.samples.length,
        baselineSamples: this.#plan.baseline.length,
      },
      engine: { ...record.engine, threads: this.#origin.threads, notes: [...this.#engineNotes] },
      files: [...this.#origin.files],
      ...(detection === undefined ? {} : { detection }),
      gradientCheck: this.#gradientCheck,
      conditions,
      ...(robustness === undefined ? {} : { robustness }),
      ...(certified === undefined ? {} : { certified }),
      ...(record.manifold === undefined
        ? {}
        : { manifold: summariseManifold(record.manifold, this.conditions, this.#pictures()) }),
      checks: trustedVerdicts(this.#checks(conditions, requirements), requirements, {
        conditions,
        flags,
        weaknesses: this.#weaknesses,
      }),
      flags,
      samples: sampleRecords(this.#plan, this.conditions, this.#ids),
      arrays: { ...this.#arrays },
    };
  }

  #pictures(): ManifoldPictures | undefined {
    const { illustration } = this;
    if (illustration === undefined) return undefined;
    const positions = new Map(this.#plan.samples.map((index, position) => [index, position]));
    const { labels } = this.condition('clean');
    return describePictures(illustration, index => ({
      index,
      id: this.#ids.get(index) ?? String(index),
      label: labels[positions.get(index) ?? 0] ?? 0,
    }));
  }

  #summaries(): Condition[] {
    const context = {
      posterior: this.#record.posterior,
      passes: this.#plan.passes,
      baseline: this.#conditions.get('baseline'),
    };
    return this.conditions.map(results => {
      const summary = summariseCondition(results, context);
      const { attack } = results.plan;
      return attack === undefined
        ? summary
        : { ...summary, attack: attackRecord(attack, this.#config) };
    });
  }

  #checks(
    conditions: readonly Condition[],
    requirements: ResolvedConfig['config']['requirements'],
  ): Check[] {
    const medianIntervals = new Map(
      this.conditions.flatMap(results => {
        const interval = results.medianDistanceInterval();
        return interval === undefined ? [] : [[results.plan.id, interval] as const];
      }),
    );
    const checks = evaluateRequirements(requirements, {
      conditions,
      worstCase: this.#worstCase(),
      medianIntervals,
    });
    return this.#earlyDecision?.checks(checks) ?? checks;
  }

  /** Samples right under every attack, once every attack is finished. */
  #worstCase(): Proportion | undefined {
    const attacks = this.conditions.filter(({ plan }) => plan.kind === 'attack');
    if (attacks.length === 0 || attacks.some(({ state }) => state !== 'finished')) return undefined;
    const positions = this.#plan.samples.keys();
    const standing = [...positions].filter(position =>
      attacks.every(results => results.isRight(position) === true),
    );
    return proportion(standing.length, this.#plan.samples.length);
  }

  #flags(): Flag[] {
    return raiseFlags({
      conditions: this.conditions,
      copied: this.#copied.flags(this.conditions),
      gradientCheck: this.#gradientCheck,
      // In the order of the plan, whichever thread was first.
      probes: this.#plan.probes.flatMap(probe =>
        this.#probes.filter(result => result.probe === probe),
      ),
      classCount: this.#record.model.classCount,
      averagedPasses: this.#config.config.averagedPasses,
      weaknesses: this.#weaknesses,
      baselineSamples: this.#plan.baseline.length,
      samples: this.#plan.samples.length,
      skipped: this.#plan.skipped,
    });
  }
}

function fittingSource(folder: string, { calibration }: SubjectRecord): string {
  const [file] = calibration?.files ?? [];
  return file === undefined ? 'data' : portablePath(folder, file);
}

/** `models/digits-cnn/model.json` → `digits-cnn`. */
function modelName(folder: string, modelPath: string): string {
  const parts = portablePath(folder, modelPath).split('/');
  return (parts.length > 1 ? parts.at(-2) : parts.at(-1)?.replace(/\.json$/, '')) ?? 'model';
}
