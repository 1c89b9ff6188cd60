// The same network on TensorFlow.js as it comes from npm, in a process that never saw our kernels.
import { sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import {
  convolutionalNetwork,
  imageShape,
  imageSize,
  inputGradient,
} from './convolutional-network.ts';

tf.env().set('PROD', true);
setWasmPaths(__dirname + sep);
const ready = tf.setBackend('wasm').then(convolutionalNetwork);

/** Images to differentiate for, or nothing to learn the processor time until now. */
export interface StockQuestion {
  readonly images?: Float32Array;
}

process.on('message', ({ images }: StockQuestion) => {
  if (images === undefined) {
    const { user, system } = process.cpuUsage();
    process.send?.((user + system) / 1000);
    return;
  }
  void ready.then(model => {
    const gradient = tf.tidy(() => {
      const batch = tf.tensor(images, [images.length / imageSize, ...imageShape]);
      return inputGradient(model, batch);
    });
    process.send?.(gradient.dataSync());
    gradient.dispose();
  });
});
