import * as tfl from '@tensorflow/tfjs-layers';
import { type Layer, type LayerProgram, type LayerStep, unfoldLayers } from './layer-program.ts';
import { noiseLayer, timeDistributedNoise } from './noise-layers.ts';
import { recurrentNoise } from './recurrent-noise.ts';
import type { StochasticLayer } from './stochastic-layer.ts';

/** A layer call that draws random numbers. */
export interface StochasticStep {
  readonly step: LayerStep;
  readonly layer: StochasticLayer;
  /** Unique and stable, the key of its random numbers: the path, and which call of the layer it is. */
  readonly key: string;
}

/** What of a program can be made stochastic, and what cannot. */
export interface StochasticSurvey {
  readonly steps: readonly StochasticStep[];
  /** One sentence for each layer that makes noise in training and does not here, with the reason. */
  readonly remarks: readonly string[];
}

/**
 * Finds the layers of a program whose noise makes the weights behind them uncertain.
 *
 * Noise behind the last weights is left out: it shakes the answer itself and says nothing of what the
 * network has learned.
 *
 * @param choice names or paths of the layers to use; all when it is left out
 */
export function surveyStochasticLayers(
  program: LayerProgram,
  choice?: readonly string[],
): StochasticSurvey {
  const shaky = stepsBeforeWeights(program);
  const steps: StochasticStep[] = [];
  const remarks: string[] = [];
  const calls = new Map<string, number>();
  for (const step of program.steps) {
    const layer = stochasticForm(step.layer);
    if (layer === undefined) {
      if (hidesNoise(step.layer)) remarks.push(hiddenNoise(step));
    } else if (choice !== undefined && !choice.some(name => names(name, step))) {
      remarks.push(`${step.path} (${layer.description}) was not chosen.`);
    } else if (!shaky.has(step)) {
      remarks.push(`${step.path} (${layer.description}) lies behind the last weights.`);
    } else if (step.layer.stateful) {
      remarks.push(`${step.path} (${layer.description}) keeps its state from batch to batch.`);
    } else {
      const call = calls.get(step.path) ?? 0;
      calls.set(step.path, call + 1);
      steps.push({ step, layer, key: call === 0 ? step.path : `${step.path}#${call}` });
    }
  }
  return { steps, remarks };
}

/** Whether a user's name for a layer means the layer of a step. */
export function names(name: string, step: LayerStep): boolean {
  return name === step.path || name === step.layer.name;
}

function stochasticForm(layer: Layer): StochasticLayer | undefined {
  return (
    noiseLayer(layer) ??
    recurrentNoise(layer) ??
    (layer.getClassName() === 'TimeDistributed'
      ? timeDistributedNoise(wrappedLayer(layer))
      : undefined)
  );
}

/** A wrapper around something that makes noise in training, other than a plain noise layer. */
function hidesNoise(layer: Layer): boolean {
  if (layer.getClassName() !== 'TimeDistributed') return false;
  const inner = wrappedLayer(layer);
  return inner instanceof tfl.LayersModel
    ? unfoldLayers(inner).steps.some(
        step => stochasticForm(step.layer) !== undefined || hidesNoise(step.layer),
      )
    : stochasticForm(inner) !== undefined || hidesNoise(inner);
}

function hiddenNoise(step: LayerStep): string {
  return `${step.path} applies a ${wrappedLayer(step.layer).getClassName()} with dropout to every time step, which is not supported: its dropout stays off.`;
}

function wrappedLayer(layer: Layer): Layer {
  return (layer as unknown as { readonly layer: Layer }).layer;
}

/** The steps from which a way leads to the output through weights behind them. */
function stepsBeforeWeights(program: LayerProgram): ReadonlySet<LayerStep> {
  const leadsOn = new Set([program.output]);
  const meetsWeights = new Set<number>();
  const result = new Set<LayerStep>();
  for (const step of program.steps.toReversed()) {
    if (!step.outputs.some(output => leadsOn.has(output))) continue;
    const weightsBehind = step.outputs.some(output => meetsWeights.has(output));
    const hasWeights = step.layer.weights.length > 0;
    // A recurrent layer has its noise inside, before its own weights.
    if (weightsBehind || hasWeights) result.add(step);
    for (const input of step.inputs) {
      leadsOn.add(input);
      if (weightsBehind || hasWeights) meetsWeights.add(input);
    }
  }
  return result;
}
