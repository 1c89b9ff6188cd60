import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/open-engine.ts';
import type { Classifier } from '../model/classifier.ts';
import type { OpenModelOptions } from '../model/logit-network.ts';
import { openClassifier, type OpenedModel } from '../model/open-classifier.ts';
import { readSavedModel } from '../model/read-saved-model.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { ManifoldSession } from './manifold-session.ts';
import type { AuditSubject } from './subject.ts';
import { openSubjectData, type SubjectData } from './subject-data.ts';
import type { ThreadPhase } from './thread-phase.ts';
import { TransferModels } from './transfer-models.ts';
import { UncertaintySession } from './uncertainty-session.ts';

/** Everything that one thread has open of what is audited. Whoever opened it disposes of it. */
export interface OpenedSubject {
  readonly subject: AuditSubject;
  readonly engine: Engine;
  readonly saved: SavedModel;
  readonly model: OpenedModel;
  readonly data: SubjectData;
  readonly uncertainty: UncertaintySession;
  /** The models that adversaries are made on for this one. */
  readonly others: TransferModels;
  /** Undefined where the configuration has no manifold, or one that is not trained yet. */
  readonly manifold: ManifoldSession | undefined;
  /** What the thread does beside a task. */
  readonly phase: ThreadPhase;
}

/**
 * Opens engine, model, data, posterior and manifold.
 *
 * @param phase hears of what takes a while
 * @throws AssayError that says what is wrong with model, data or engine
 */
export async function openSubject(
  subject: AuditSubject,
  phase: ThreadPhase,
): Promise<OpenedSubject> {
  const engine = await openEngine({
    name: subject.engine,
    moduleFolders: [subject.folder],
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
    phase,
    ...data,
  });
  const { output: _, ...forOthers } = options;
  const others = await TransferModels.read(engine, subject.transferFrom, subject.folder, forOthers);
  const manifold = await openManifoldOf(subject, engine, model.classifier, data);
  return { subject, engine, saved, model, data, uncertainty, others, manifold, phase };
}

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
