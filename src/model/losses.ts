import * as tf from '@tensorflow/tfjs-core';
import type { LogitLoss } from './classifier.ts';

/*
 * The losses that attacks raise (or lower, for a target). All are written on logits, so none
 * saturates while the logits are finite, and none changes when a constant is added to all logits.
 *
 * To add one: a constant (or a function of its settings) that returns a `LogitLoss`. Its name must
 * contain every setting that `perSample` uses, since a prepared loss is kept under its name; what
 * differs from sample to sample is a parameter. Mask a class by `withoutClass`, never by
 * multiplying with zero: that is wrong as soon as all logits are negative.
 */

/** Lies far below any logit and, unlike −∞, has products and gradients that stay finite. */
const farBelow = -1e30;

/** The logits `[batch, classes]` with one class pushed far below all others. */
function withoutClass(logits: tf.Tensor2D, oneHot: tf.Tensor): tf.Tensor2D {
  return tf.where(tf.greater(oneHot, 0), tf.fill(logits.shape, farBelow), logits);
}

/** The logit of the class that the one-hot labels name, `[batch]`. */
function logitOf(logits: tf.Tensor2D, oneHot: tf.Tensor): tf.Tensor1D {
  return tf.sum(tf.mul(logits, oneHot), 1);
}

/** The highest logit of the other classes, `[batch]`. */
function highestOther(logits: tf.Tensor2D, oneHot: tf.Tensor): tf.Tensor1D {
  return tf.max(withoutClass(logits, oneHot), 1);
}

/**
 * Log-odds of a wrong answer: ln((1 − p_y) / p_y) = logsumexp_{i≠y}(z_i) − z_y. Cross-entropy is its
 * softplus, so the two rise together and their gradients have the same direction; but this one never
 * saturates. Parameter: one-hot labels `[classes]`.
 */
export const errorLogOdds: LogitLoss = {
  name: 'log-odds of an error',
  parameterShapes: classCount => [[classCount]],
  perSample: (logits, [oneHot]) => errorLogOddsOf(logits, oneHot as tf.Tensor),
};

function errorLogOddsOf(logits: tf.Tensor2D, oneHot: tf.Tensor): tf.Tensor1D {
  return tf.sub(tf.logSumExp(withoutClass(logits, oneHot), 1), logitOf(logits, oneHot));
}

/**
 * Cross-entropy of softmax(z) and the label, in nats: logsumexp(z) − z_y. Parameter: one-hot labels
 * `[classes]`.
 *
 * Written as the softplus of the log-odds, because in float32 the derivative p_y − 1 of the plain
 * formula rounds to 0 once the label leads by 17 logits, while the derivatives of the other logits
 * do not: what is left of the gradient then points the wrong way.
 */
export const crossEntropy: LogitLoss = {
  name: 'cross-entropy',
  parameterShapes: classCount => [[classCount]],
  perSample: (logits, [oneHot]) => softplus(errorLogOddsOf(logits, oneHot as tf.Tensor)),
};

/**
 * ln(1 + eˣ) with the slope 1 / (1 + e⁻ˣ) also where that is tiny. The gradient of `tf.softplus` is a
 * sigmoid, and that of ONNX Runtime is 0 from −18 on: the gradient of a model that is sure of the
 * label by 18 logits would vanish, and be called wrong.
 */
function softplus(x: tf.Tensor1D): tf.Tensor1D {
  const withSlope = tf.customGrad<tf.Tensor1D>((point, save) => {
    const input = point as tf.Tensor1D;
    (save as tf.GradSaveFunc)([input]);
    return {
      value: tf.softplus(input),
      gradFunc: (upstream: tf.Tensor1D, [saved]: tf.Tensor[]) =>
        tf.mul<tf.Tensor1D>(upstream, tf.exp(tf.neg(tf.softplus(tf.neg(saved as tf.Tensor))))),
    };
  });
  return withSlope(x);
}

/**
 * How far the best other class lies above the label, in logits: max_{i≠y} z_i − z_y. Positive when
 * the model is wrong; never saturates. Parameter: one-hot labels `[classes]`.
 */
export const negativeMargin: LogitLoss = {
  name: 'negative margin',
  parameterShapes: classCount => [[classCount]],
  perSample: (logits, [oneHot]) => negativeMarginOf(logits, oneHot as tf.Tensor),
};

function negativeMarginOf(logits: tf.Tensor2D, oneHot: tf.Tensor): tf.Tensor1D {
  return tf.sub(highestOther(logits, oneHot), logitOf(logits, oneHot));
}

/**
 * The hinge of Carlini and Wagner (2017, f₆) times a weight for each sample, to be lowered:
 * untargeted c·max(0, z_y − max_{i≠y} z_i + κ), targeted c·max(0, max_{i≠t} z_i − z_t + κ).
 * Parameters: one-hot labels or targets `[classes]`, weight c `[]`.
 *
 * @param confidence κ ≥ 0, in logits
 */
export function carliniWagnerHinge(kind: 'untargeted' | 'targeted', confidence: number): LogitLoss {
  const sign = kind === 'targeted' ? 1 : -1;
  return {
    name: `Carlini-Wagner hinge, ${kind}, confidence ${confidence}`,
    parameterShapes: classCount => [[classCount], []],
    perSample: (logits, [oneHot, weight]) => {
      const margin = tf.mul(negativeMarginOf(logits, oneHot as tf.Tensor), sign);
      return tf.mul(tf.relu(tf.add(margin, confidence)), weight as tf.Tensor);
    },
  };
}

/**
 * A weighted sum of logits, Σ_k a_k·z_k; with weights 1 and −1 the difference of two. Parameter:
 * weights a `[classes]`.
 */
export const logitCombination: LogitLoss = {
  name: 'weighted sum of logits',
  parameterShapes: classCount => [[classCount]],
  perSample: (logits, [weights]) => logitOf(logits, weights as tf.Tensor),
};

/** Keeps the ratios below from dividing by zero when logits are tied. */
const smallestSpread = 1e-12;

/**
 * Difference-of-logits ratio (Croce and Hein 2020): −(z_y − max_{i≠y} z_i) / (z_π1 − z_π3), with π
 * the classes from the highest logit down. Does not change with the scale of the logits, so it
 * finds what cross-entropy misses where the gradient is masked by large logits. Needs three classes;
 * with two it is the negative margin. Parameter: one-hot labels `[classes]`.
 */
export const differenceOfLogitsRatio: LogitLoss = {
  name: 'difference of logits ratio',
  parameterShapes: classCount => [[classCount]],
  perSample: (logits, [oneHot]) => {
    const difference = negativeMarginOf(logits, oneHot as tf.Tensor);
    if (logits.shape[1] < 3) return difference;
    const [first, , third] = highest(logits, 3) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
    return tf.div(difference, tf.add(tf.sub(first, third), smallestSpread));
  },
};

/**
 * Targeted difference-of-logits ratio (Croce and Hein 2020): −(z_y − z_t) / (z_π1 − (z_π3 + z_π4)/2),
 * to be raised. Needs four classes; with fewer it is the plain difference z_t − z_y. Parameters:
 * one-hot labels `[classes]`, one-hot targets `[classes]`.
 */
export const targetedDifferenceOfLogitsRatio: LogitLoss = {
  name: 'targeted difference of logits ratio',
  parameterShapes: classCount => [[classCount], [classCount]],
  perSample: (logits, [oneHotLabels, oneHotTargets]) => {
    const difference = tf.sub<tf.Tensor1D>(
      logitOf(logits, oneHotTargets as tf.Tensor),
      logitOf(logits, oneHotLabels as tf.Tensor),
    );
    if (logits.shape[1] < 4) return difference;
    const [first, , third, fourth] = highest(logits, 4) as [
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor1D,
    ];
    const spread = tf.sub(first, tf.mul(tf.add(third, fourth), 0.5));
    return tf.div(difference, tf.add(spread, smallestSpread));
  },
};

/**
 * The `count` highest logits of each sample from the highest down, each `[batch]`. Found by maxima,
 * because sorting has no gradient in TensorFlow.js. Of tied logits one is taken at a time, the lowest
 * class first, as a sort would.
 */
function highest(logits: tf.Tensor2D, count: number): tf.Tensor1D[] {
  const classCount = logits.shape[1];
  let left = logits;
  return Array.from({ length: count }, () => {
    const oneHot = tf.oneHot(tf.argMax(left, 1), classCount);
    left = withoutClass(left, oneHot);
    return logitOf(logits, tf.cast(oneHot, 'float32'));
  });
}
