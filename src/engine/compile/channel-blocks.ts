/**
 * ONNX Runtime computes convolutions fastest on images whose channels lie in blocks of as many as
 * the processor's vectors hold: `[batch, channels / block, height, width, block]` in memory, with the
 * shape of an image that is channels first. It changes convolutions with constant filters to such by
 * itself. Where filters are trained, graphs have to say so: with the operators of this domain.
 */
export const blocksDomain = 'com.microsoft.nchwc';
