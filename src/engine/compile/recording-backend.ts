import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from '../../arrays/batch.ts';
import { CompileError, unsupportedKernel } from './compile-error.ts';
import { sameShape } from './layout.ts';
import {
  type Attributes,
  type ConstantData,
  createOperation,
  type Operation,
  type Program,
  type Value,
  type ValueSpec,
  type ValueType,
} from './program.ts';
import { compiledKernels, ruleFor } from './rules/rule-table.ts';
import { einsum } from '../kernels/einsum.ts';

/** Name under which TensorFlow.js knows the recording backend. */
export const recordingBackendName = 'assay-recording';

/** What identifies the data of a tensor. */
type DataId = tf.TensorInfo['dataId'];

type KernelInputs = Readonly<Record<string, tf.TensorInfo | undefined>>;

/** A variable that was read as a constant, and the data that it had. */
export interface CapturedVariable {
  readonly variable: tf.Variable;
  readonly dataId: DataId;
}

/** What one recording has found so far. */
interface Recording {
  readonly operations: Operation[];
  readonly constants: Map<DataId, Value[]>;
  readonly variables: Map<tf.Variable, DataId>;
}

/**
 * A backend that records kernels instead of computing them. A kernel of constants alone runs for
 * real, on the plain JavaScript kernels, so that the arithmetic of shapes and weights is done once
 * and for all; a kernel of which an input depends on an argument has only its shape inferred.
 */
export class RecordingBackend extends MathBackendCPU {
  /** The values of tensors that depend on an argument. */
  readonly #values = new WeakMap<DataId, Value>();
  /**
   * Copies of constants that live on other backends, weights above all; shared by all recordings. Not
   * a weak map: TensorFlow.js keeps layers, and so what identifies their weights, of closed models.
   */
  readonly #imports = new Map<DataId, tf.TensorInfo>();
  #recording: Recording | undefined;

  /** Starts a recording. */
  begin(): void {
    this.#freeImports();
    this.#recording = { operations: [], constants: new Map(), variables: new Map() };
  }

  /** Ends the recording; what it has found belongs to the caller. */
  end(
    parameters: readonly Value[],
    results: readonly tf.TensorInfo[],
  ): { readonly program: Program; readonly variables: readonly CapturedVariable[] } {
    const { operations, variables } = this.#current();
    const program = {
      arguments: parameters,
      operations,
      results: results.map(result => this.#valueOf(result)),
    };
    // It holds constants, which must not outlive their model.
    this.#recording = undefined;
    return {
      program,
      variables: [...variables].map(([variable, dataId]) => ({ variable, dataId })),
    };
  }

  /** A tensor that stands for a value of the program. */
  tensorFor(value: Value): tf.TensorInfo {
    const info = this.makeTensorInfo([...value.shape], value.type);
    this.#values.set(info.dataId, value);
    return info;
  }

  /** Runs a kernel of constants, or records it. */
  execute(
    kernel: string,
    inputs: KernelInputs | readonly tf.TensorInfo[],
    attributes: Attributes,
  ): tf.TensorInfo | tf.TensorInfo[] {
    const given = Object.entries(inputs).filter(
      (entry): entry is [string, tf.TensorInfo] => entry[1] !== undefined,
    );
    for (const [, input] of given) this.#noteVariable(input);
    const depends = given.some(([, input]) => this.#values.has(input.dataId));
    if (!depends && !isGrowth(kernel, given)) return this.#compute(kernel, inputs, attributes);

    const values = Object.fromEntries(given.map(([name, input]) => [name, this.#valueOf(input)]));
    const fill = fillOf[kernel];
    if (fill !== undefined) return this.#repeat(fill, values['x'] as Value);
    const view = viewed(kernel, values, attributes);
    if (view !== undefined) return this.tensorFor(view);
    return this.#record(kernel, values, attributes);
  }

  override write(
    values: tf.backend_util.BackendValues,
    _shape: number[],
    dtype: tf.DataType,
  ): DataId {
    const dataId = {};
    this.data.set(dataId, { values, dtype, refCount: 1 });
    return dataId;
  }

  override readSync(dataId: DataId): tf.backend_util.BackendValues {
    this.#refuseToRead(dataId);
    return super.readSync(dataId);
  }

  override bufferSync<R extends tf.Rank, D extends tf.DataType>(
    info: tf.TensorInfo,
  ): tf.TensorBuffer<R, D> {
    this.#refuseToRead(info.dataId);
    return super.bufferSync(info);
  }

  #record(
    kernel: string,
    inputs: Readonly<Record<string, Value>>,
    attributes: Attributes,
  ): tf.TensorInfo | tf.TensorInfo[] {
    const inferred = ruleFor(kernel).infer(inputs, attributes);
    const isList = Array.isArray(inferred);
    const specs: readonly ValueSpec[] = isList ? inferred : [inferred as ValueSpec];
    const operation = createOperation(kernel, inputs, { ...attributes }, specs);
    this.#current().operations.push(operation);
    const outputs = operation.outputs.map(value => this.tensorFor(value));
    return isList ? outputs : (outputs[0] as tf.TensorInfo);
  }

  /** One number in the shape of `like`, on which the result does not depend otherwise. */
  #repeat(number: number, { shape, type }: Value): tf.TensorInfo {
    const data = constantData(type, [number]);
    const scalar: Value = { shape: [], type, origin: { kind: 'constant', data } };
    return this.#record('BroadcastTo', { x: scalar }, { shape }) as tf.TensorInfo;
  }

  #compute(
    kernel: string,
    inputs: KernelInputs | readonly tf.TensorInfo[],
    attributes: Attributes,
  ): tf.TensorInfo | tf.TensorInfo[] {
    const local = Array.isArray(inputs)
      ? (inputs as readonly tf.TensorInfo[]).map(input => this.#imported(input))
      : Object.fromEntries(
          Object.entries(inputs as KernelInputs).map(([name, input]) => [
            name,
            input === undefined ? undefined : this.#imported(input),
          ]),
        );
    return tf.getKernel(kernel, 'cpu').kernelFunc({
      inputs: local as tf.NamedTensorInfoMap,
      attrs: attributes as tf.NamedAttrMap,
      backend: this,
    });
  }

  /** The same constant on this backend. Copied, not moved: the model goes on with its own. */
  #imported(info: tf.TensorInfo): tf.TensorInfo {
    if (this.data.has(info.dataId)) return info;
    let copy = this.#imports.get(info.dataId);
    if (copy === undefined) {
      const values = tf.engine().readSync(info.dataId);
      copy = this.makeTensorInfo(info.shape, info.dtype, values);
      this.#imports.set(info.dataId, copy);
    }
    return { dataId: copy.dataId, shape: info.shape, dtype: info.dtype };
  }

  #valueOf(info: tf.TensorInfo): Value {
    const value = this.#values.get(info.dataId);
    if (value === undefined) return this.#constantOf(info);
    return sameShape(value.shape, info.shape) ? value : this.#reshaped(value, info.shape);
  }

  #reshaped(value: Value, shape: readonly number[]): Value {
    const specs = [{ shape, type: value.type }];
    const operation = createOperation('Reshape', { x: value }, { shape }, specs);
    this.#current().operations.push(operation);
    return operation.outputs[0] as Value;
  }

  /** Lets go of copies whose tensors have been disposed of. */
  #freeImports(): void {
    const { tensorInfo } = tf.engine().state;
    for (const [dataId, copy] of this.#imports) {
      if (tensorInfo.has(dataId)) continue;
      this.#imports.delete(dataId);
      this.data.delete(copy.dataId);
    }
  }

  /** One value for each constant and shape, so that rules can compare constants by identity. */
  #constantOf(info: tf.TensorInfo): Value {
    const { dataId } = this.#imported(info);
    const { constants } = this.#current();
    const known = constants.get(dataId) ?? [];
    constants.set(dataId, known);
    const same = known.find(value => sameShape(value.shape, info.shape));
    if (same !== undefined) return same;
    const type = valueType(info.dtype);
    const data = constantData(type, super.readSync(dataId) as ArrayLike<number>);
    const value: Value = { shape: [...info.shape], type, origin: { kind: 'constant', data } };
    known.push(value);
    return value;
  }

  #noteVariable(info: tf.TensorInfo): void {
    if (info instanceof tf.Variable) {
      this.#current().variables.set(info as tf.Variable, info.dataId);
    }
  }

  #refuseToRead(dataId: DataId): void {
    if (!this.#values.has(dataId)) return;
    throw new CompileError(
      'compile/value-read',
      'The function reads the values of a tensor that depends on its inputs.',
    );
  }

  #current(): Recording {
    if (this.#recording === undefined) throw new Error('No recording has been started.');
    return this.#recording;
  }
}

let registered: RecordingBackend | undefined;

/** The recording backend of this thread. */
export function recordingBackend(): RecordingBackend {
  registered ??= registerRecordingBackend();
  return registered;
}

function registerRecordingBackend(): RecordingBackend {
  const backend = new RecordingBackend();
  tf.registerBackend(recordingBackendName, () => backend, 0);
  const names = tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName);
  for (const kernelName of new Set([...names, ...compiledKernels, einsum.name])) {
    tf.registerKernel({
      kernelName,
      backendName: recordingBackendName,
      kernelFunc:
        // Recorded as the products that it is composed of.
        kernelName === einsum.name
          ? einsum.create(undefined)
          : ({ inputs, attrs = {} }) => backend.execute(kernelName, inputs, attrs),
    });
  }
  return backend;
}

/** Kernels of which only the shape of the input matters. */
const fillOf: Readonly<Record<string, number>> = { ZerosLike: 0, OnesLike: 1 };

/** Kernels that only repeat a constant are recorded all the same: as numbers it would be large. */
function isGrowth(kernel: string, inputs: readonly (readonly [string, tf.TensorInfo])[]): boolean {
  if (kernel !== 'Tile' && kernel !== 'BroadcastTo') return false;
  return inputs.some(([, input]) => sizeOf(input.shape) > 1);
}

/** The input itself, where a kernel only passes it on. */
function viewed(
  kernel: string,
  inputs: Readonly<Record<string, Value>>,
  attributes: Attributes,
): Value | undefined {
  const x = inputs['x'];
  if (x === undefined) return undefined;
  switch (kernel) {
    case 'Identity':
      return x;
    case 'Cast':
      return attributes['dtype'] === x.type ? x : undefined;
    case 'Reshape':
      return sameShape(attributes['shape'] as readonly number[], x.shape) ? x : undefined;
    default:
      return undefined;
  }
}

function valueType(dtype: tf.DataType): ValueType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw unsupportedKernel('Identity', `tensors of type ${dtype}`);
}

function constantData(type: ValueType, numbers: ArrayLike<number>): ConstantData {
  switch (type) {
    case 'float32':
      return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
    case 'int32':
      return numbers instanceof Int32Array ? numbers : Int32Array.from(numbers);
    case 'bool':
      return numbers instanceof Uint8Array ? numbers : Uint8Array.from(numbers);
  }
}
