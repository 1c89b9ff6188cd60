import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../arrays/batch.ts';
import type { Engine } from '../engine/engine.ts';
import type { OpenModelOptions } from '../model/logit-network.ts';
import { openClassifier, type OpenedModel } from '../model/open-classifier.ts';
import type { SavedModel } from '../model/saved-model.ts';
import { DrawnPosterior } from './drawn-posterior.ts';
import type { DrawOptions, DrawReceiver, NotApplicable, Posterior } from './posterior.ts';
import { answersVary } from './variation-probe.ts';

/**
 * Takes several saved models of the same task as draws of one posterior (Lakshminarayanan, Pritzel
 * and Blundell 2017, "Simple and scalable predictive uncertainty estimation using deep ensembles").
 * Each model is one pass; the number of passes that is asked for does not matter.
 *
 * @returns why not, when there are not two different models, or they do not fit each other
 * @throws ModelError when a model cannot be opened
 */
export async function openEnsemble(
  engine: Engine,
  models: readonly SavedModel[],
  options: OpenModelOptions,
): Promise<Posterior | NotApplicable> {
  const different = [...new Map(models.map(model => [model.fingerprint, model])).values()];
  if (different.length < 2) {
    return notApplicable(
      `An ensemble needs at least two different models, and there is ${different.length === 0 ? 'none' : 'one'}.`,
    );
  }
  const members: OpenedModel[] = [];
  const disposeAll = (): void => {
    for (const member of members) member.dispose();
  };
  try {
    for (const model of different) members.push(await openClassifier(engine, model, options));
  } catch (error) {
    disposeAll();
    throw error;
  }
  const views = members.map(({ classifier }) => describeTask(classifier));
  const stranger = views.findIndex(view => view !== views[0]);
  if (stranger > 0) {
    disposeAll();
    return notApplicable(
      `The models do not belong together: ${different[0]?.path ?? ''} has ${views[0] ?? ''}, but ${different[stranger]?.path ?? ''} has ${views[stranger] ?? ''}.`,
    );
  }
  const ensemble = new Ensemble(members);
  const inputShape = members[0]?.classifier.inputShape ?? [];
  if (await answersVary(ensemble, inputShape, options.bounds)) return ensemble;
  ensemble.dispose();
  return notApplicable('The models answer alike: they are copies of one model.');
}

class Ensemble extends DrawnPosterior {
  readonly method = 'ensemble';
  readonly description: string;
  readonly classCount: number;
  readonly ownPasses: number;
  readonly #members: readonly OpenedModel[];

  constructor(members: readonly OpenedModel[]) {
    super();
    this.#members = members;
    this.ownPasses = members.length;
    this.classCount = members[0]?.classifier.classCount ?? 0;
    this.description = `Ensemble of ${members.length} saved models, one pass each.`;
  }

  async draw(inputs: Batch, options: DrawOptions, receive: DrawReceiver): Promise<void> {
    const answers: Batch[] = [];
    for (const { classifier } of this.#members) {
      options.signal?.throwIfAborted();
      answers.push(await classifier.logits(inputs));
    }
    const logits = new Float32Array(answers.length * this.classCount);
    for (let sample = 0; sample < inputs.count; sample++) {
      answers.forEach((answer, pass) => {
        logits.set(answer.row(sample), pass * this.classCount);
      });
      receive(sample, logits);
    }
  }

  /** What the members answer; there is nothing to draw. */
  fixedPasses(passes: number): (inputs: tf.Tensor) => tf.Tensor2D {
    if (passes !== this.ownPasses) {
      throw new RangeError(`an ensemble of ${this.ownPasses} has no ${passes} passes`);
    }
    return inputs =>
      tf.concat(
        this.#members.map(({ logits }) => logits(inputs)),
        1,
      );
  }

  dispose(): void {
    for (const member of this.#members) member.dispose();
  }
}

function describeTask(classifier: OpenedModel['classifier']): string {
  return `inputs of shape [${classifier.inputShape.join(', ')}] and ${classifier.classCount} classes`;
}

function notApplicable(reason: string): NotApplicable {
  return {
    applicable: false,
    reason,
    remedy:
      'Train the model again from other seeds, save each, and name those under `uncertainty.models`: models under `models` are audited one by one.',
  };
}
