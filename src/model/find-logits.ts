import {
  describeLogits,
  formBeforeActivation,
  formOfAnswers,
  formOfOutputs,
  logitsExplain,
  type AnswerForm,
  type LogitForm,
} from './logit-form.ts';
import { ModelError } from './model-error.ts';
import type { Probe, ProbeWay } from './network-probe.ts';
import type { Network } from './network.ts';

/** A network, and how logits are made of what it gives. */
export interface FoundLogits {
  readonly network: Network;
  readonly form: LogitForm;
  /** What the saved model answers, with its final activation. */
  readonly answers: AnswerForm;
  /** What the network gave in the probe. */
  readonly probe: Probe;
  /** How the logits were found, in one sentence. */
  readonly description: string;
}

/**
 * Finds the logits of a network: what stands before its softmax or sigmoid, if softmax or sigmoid of
 * that is indeed what the network answers; otherwise its outputs, as what they turn out to be.
 *
 * @param open opens the network anew
 * @param probe runs a network on random inputs
 * @throws ModelError `model/not-a-classifier`
 */
export async function findLogits(
  open: () => Promise<Network>,
  probe: (network: Network, way: ProbeWay) => Promise<Probe>,
  file: string,
): Promise<FoundLogits> {
  const network = await open();
  const { ending } = network;
  const answers = await disposeOnFailure(network, async () => {
    const probed = await probe(network, network.rowsAreIndependent ? 'together' : 'either');
    refuseOtherThanClasses(network, probed, file);
    return probed;
  });
  if (!ending.removable) return fromOutputs(network, answers);

  const before = await network.beforeActivation();
  const way = answers.batched ? 'together' : 'one by one';
  const logits = await disposeOnFailure(before, () => probe(before, way));
  if (logitsExplain(ending.activation, logits.outputs, answers.outputs)) {
    const form = formBeforeActivation(logits.outputs.sampleSize);
    return {
      network: before,
      form,
      answers: formOfAnswers(ending.activation, form),
      probe: logits,
      description: describeLogits(form, ending, true),
    };
  }
  before.dispose();
  return fromOutputs(await open(), answers);
}

function fromOutputs(network: Network, probe: Probe): FoundLogits {
  const form = formOfOutputs(network.ending, probe.outputs);
  const description = describeLogits(form, network.ending, false);
  return { network, form, answers: form, probe, description };
}

function refuseOtherThanClasses(
  network: Network,
  { outputShape, outputs }: Probe,
  file: string,
): void {
  const { activation, layer } = network.ending;
  if (outputs.sampleSize === 1 && (activation === 'softmax' || activation === 'log_softmax')) {
    throw new ModelError(
      'model/not-a-classifier',
      `The output ${network.outputName} is the ${activation} of a single value at ${layer}, which is the same for every input.`,
      {
        place: { file, field: network.outputName },
        remedy:
          'End the model in a sigmoid, or in a softmax of one value for each class, and train it anew.',
      },
    );
  }
  const longAxes = outputShape.filter(length => length !== 1).length;
  if (longAxes <= 1 && outputs.sampleSize > 0) return;
  throw new ModelError(
    'model/not-a-classifier',
    `The output ${network.outputName} has shape [${outputShape.join(', ')}] for each sample, not one value for each class.`,
    { place: { file, field: network.outputName }, remedy: 'Choose the model of a classifier.' },
  );
}

async function disposeOnFailure<T>(network: Network, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    network.dispose();
    throw error;
  }
}
