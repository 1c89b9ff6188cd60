/**
 * How much work the attack of Carlini and Wagner does. `quick`: 5 constants × 200 steps. `full`:
 * 9 × 1000. `reference`: 9 × 10000, as the authors' own code.
 */
export type CarliniWagnerPreset = 'quick' | 'full' | 'reference';

/** Settings of the L2 attack of Carlini and Wagner. What is not given comes from the preset. */
export interface CarliniWagnerSettings {
  readonly attack: 'carlini-wagner';
  readonly preset: CarliniWagnerPreset;
  /** κ: by how much the wrong logit must exceed the right one, in logit units, at least 0. Default 0. */
  readonly confidence?: number;
  /** How many constants the binary search tries for each sample. */
  readonly binarySearchSteps?: number;
  /** Steps of Adam for each constant. */
  readonly iterations?: number;
  /** Learning rate of Adam, in units of the arctanh variable. */
  readonly learningRate?: number;
  /** First weight of the misclassification term, for inputs of a box of width 1. */
  readonly initialConstant?: number;
  /** Stop a sample's round when a tenth of the steps no longer lowers its loss. Default true. */
  readonly abortEarly?: boolean;
}
