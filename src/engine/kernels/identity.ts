import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from './kernel.ts';

interface CountingBackend {
  incRef(dataId: tf.DataId): void;
}

/**
 * A second tensor on the same values. The wasm backend's own kernel copies them, though tensors never
 * change; the tape makes such a copy of everything that it saves.
 */
export const identity: Kernel = {
  name: tf.Identity,
  backends: ['wasm'],
  create: () => parameters => {
    const { x } = parameters.inputs as { x: tf.TensorInfo };
    (parameters.backend as CountingBackend).incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  },
};
