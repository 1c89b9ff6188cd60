import type { Answer, ManifoldPictures, ManifoldSection } from '../report/manifold-record.ts';
import { mean, median } from '../report/statistics.ts';
import type { ConditionResults } from './condition-results.ts';
import { wayLength } from './manifold-illustration.ts';
import type { AnsweredInputs, OutputOf } from './piece.ts';
import type { ManifoldState } from './subject.ts';

/** The report's section on the manifold: corrections and natural adversaries so far. */
export function summariseManifold(
  state: ManifoldState,
  conditions: readonly ConditionResults[],
  pictures: ManifoldPictures | undefined,
): ManifoldSection {
  if (!state.trained) return { ...state };
  return {
    ...state,
    corrections: conditions.flatMap(results => results.corrections()),
    naturalAdversaries: conditions
      .filter(({ plan }) => plan.kind === 'natural')
      .map(results => ({
        condition: results.plan.id,
        medianLatentDistance: median(results.latentDistances()) ?? null,
        meanQueries: mean(results.steps()) ?? null,
      })),
    ...(pictures === undefined ? {} : { pictures }),
  };
}

/** Name of the file of the pictures, beside the report. */
export const picturesFileName = 'manifold-pictures.npz';

/** What the model says of the pictures. @param endOf the sample with an index in the data set */
export function describePictures(
  { random, ways, ends }: OutputOf<'illustrate'>,
  endOf: (index: number) => ManifoldPictures['ways'][number]['from'],
): ManifoldPictures {
  const answers = answersOf(ways);
  return {
    file: picturesFileName,
    random: answersOf(random),
    ways: Array.from({ length: ends.length / 2 }, (_, way) => ({
      from: endOf(ends[2 * way] as number),
      to: endOf(ends[2 * way + 1] as number),
      points: answers.slice(way * wayLength, (way + 1) * wayLength),
    })),
  };
}

function answersOf({ predictions, confidences }: AnsweredInputs): Answer[] {
  return Array.from(predictions, (prediction, i) => ({
    prediction,
    confidence: confidences[i] as number,
  }));
}
