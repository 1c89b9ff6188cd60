import { Batch } from '../../src/arrays/batch.ts';
import { topAnswers } from '../../src/audit/top-answers.ts';
import { createAttack } from '../../src/attacks/create-attack.ts';
import { serveTasks } from '../../src/engine/thread-tasks.ts';
import { distance } from '../../src/manifold/class-change.ts';
import { correctingClassifier } from '../../src/manifold/correcting-classifier.ts';
import { manifoldCorrections, modelFreeCorrections } from '../../src/manifold/corrections.ts';
import { gradientSearch } from '../../src/manifold/gradient-search.ts';
import { findNaturalAdversaries } from '../../src/manifold/natural-adversary.ts';
import { shellSearch } from '../../src/manifold/shell-search.ts';
import type { KeptAnswer } from './study-pool.ts';
import { bounds, seed, StudySubject } from './study-subject.ts';
import type { ClassifiedInputs, StudyAnswers, StudyTask } from './study-tasks.ts';

/** One thread of the reproduction: has model, data and manifolds open and answers tasks. */
const opening = StudySubject.open();
// Whoever asks first is told what went wrong.
opening.catch(() => undefined);

serveTasks(async (task: StudyTask): Promise<KeptAnswer> => {
  const subject = await opening;
  const began = performance.now();
  const answer = await answerTo(task, subject);
  return { answer, seconds: (performance.now() - began) / 1000 };
});

async function answerTo(
  task: StudyTask,
  subject: StudySubject,
): Promise<StudyAnswers[StudyTask['task']]> {
  const { classifier } = subject;
  switch (task.task) {
    case 'train':
      return (await subject.train(task.manifold)).record;
    case 'clean': {
      const { inputs, labels } = await subject.test.read(task.indices);
      return await classified(subject, inputs, inputs, labels, {});
    }
    case 'attack': {
      const { inputs, labels } = await subject.test.read(task.indices);
      const victim =
        task.behind === undefined
          ? classifier
          : correctingClassifier(
              classifier,
              await subject.manifold(task.behind.manifold),
              task.behind.backward,
            );
      const { adversaries, outcomes } = await createAttack(task.settings).run({
        classifier: victim,
        inputs,
        criterion: { kind: 'misclassified', labels },
        seed,
        sampleIndices: task.indices,
      });
      return await classified(subject, adversaries, inputs, labels, { outcomes });
    }
    case 'natural': {
      const { inputs, labels } = await subject.test.read(task.indices);
      const search = task.search === 'gradient' ? gradientSearch() : shellSearch();
      const { adversaries, ...found } = await findNaturalAdversaries(search, {
        classifier,
        manifold: await subject.manifold(task.manifold),
        inputs,
        labels,
        seed,
        sampleIndices: task.indices,
      });
      return await classified(subject, adversaries, inputs, labels, found);
    }
    case 'correct': {
      const inputs = new Batch(task.inputs, classifier.inputShape);
      const manifold = await subject.manifold(task.manifold);
      const corrections = [
        ...task.refinements.flatMap(steps => {
          const [reconstruction, refined] = manifoldCorrections(manifold, { steps, rate: 0.1 });
          const chosen = steps === 0 ? reconstruction : refined;
          return chosen === undefined ? [] : [{ ...chosen, key: `${steps} steps` }];
        }),
        ...(task.modelFree
          ? modelFreeCorrections(classifier.inputShape, bounds).map(correction => ({
              ...correction,
              key: correction.label,
            }))
          : []),
      ];
      const predictions: Record<string, Int32Array> = {};
      for (const correction of corrections) {
        predictions[correction.key] = await predict(subject, await correction.apply(inputs));
      }
      return { predictions };
    }
    case 'score': {
      const inputs = new Batch(task.inputs, classifier.inputShape);
      const { passes, indices } = task;
      const { mutualInformation, softmaxVariance, prediction } = await subject.posterior.score(
        inputs,
        { passes, seed, sampleIndices: indices },
      );
      return { mutualInformation, softmaxVariance, prediction };
    }
  }
}

async function classified(
  subject: StudySubject,
  inputs: Batch,
  clean: Batch,
  labels: Int32Array,
  found: Partial<Pick<ClassifiedInputs, 'outcomes' | 'latentDistances' | 'queries'>>,
): Promise<ClassifiedInputs> {
  return {
    inputs: inputs.values,
    predictions: await predict(subject, inputs),
    labels,
    outcomes: found.outcomes ?? [],
    latentDistances: found.latentDistances ?? new Float64Array(0),
    distances: Float64Array.from(labels, (_, row) => distance(inputs.row(row), clean.row(row))),
    queries: found.queries ?? new Int32Array(0),
  };
}

async function predict({ classifier }: StudySubject, inputs: Batch): Promise<Int32Array> {
  return topAnswers(await classifier.logits(inputs)).predictions;
}
