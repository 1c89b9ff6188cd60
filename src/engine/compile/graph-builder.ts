import {
  type OnnxAttributes,
  type OnnxGraph,
  type OnnxNode,
  onnxTypeNumber,
  type OnnxPort,
  type OnnxTensor,
  type OnnxType,
  type SharedTensor,
} from './onnx.ts';

/** Collects the nodes and constants of an ONNX graph. The same node or constant exists only once. */
export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxTensor>();
  readonly #shared = new Map<string, SharedTensor>();
  /** Names of constants by their numbers, and then by shape and where they are. */
  readonly #named = new Map<OnnxTensor['data'], Map<string, string>>();
  readonly #known = new Map<string, readonly string[]>();
  #names = 0;

  /** Adds a call of an operator with one output and returns the name of that output. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: OnnxAttributes = {},
    domain?: string,
  ): string {
    const [output] = this.nodes(operator, inputs, attributes, 1, domain);
    return output as string;
  }

  /** Adds a call of an operator and returns the names of its outputs. */
  nodes(
    operator: string,
    inputs: readonly string[],
    attributes: OnnxAttributes,
    outputCount: number,
    domain?: string,
  ): readonly string[] {
    const key = JSON.stringify([domain, operator, inputs, attributes, outputCount]);
    return this.#once(key, () => {
      const outputs = Array.from({ length: outputCount }, () => this.#newName('t'));
      const place = domain === undefined ? {} : { domain };
      this.#nodes.push({ operator, inputs, outputs, attributes, ...place });
      return outputs;
    });
  }

  /** Adds a constant tensor, the same array in one shape once, and returns its name. */
  initializer(tensor: OnnxTensor): string {
    return this.#addConstant(this.#initializers, tensor, 'c');
  }

  /** A constant that is handed in with each call, so that it is not in each model that needs it. */
  shared(tensor: SharedTensor): string {
    return this.#addConstant(this.#shared, tensor, 's');
  }

  /** A constant scalar. */
  scalar(value: number, type: OnnxType = 'float32'): string {
    const spelling = Object.is(value, -0) ? '-0' : String(value);
    return this.constant(`${type} ${spelling}`, () => ({
      type,
      shape: [],
      data: typedArray(type, [value]),
    }));
  }

  /** A constant tensor that several places need: made by the first that asks for this key. */
  constant(key: string, make: () => OnnxTensor): string {
    const [name] = this.#once(key, () => [this.initializer(make())]);
    return name as string;
  }

  /** A constant list of 64-bit integers: axes, shapes, starts and ends. */
  integers(values: readonly number[]): string {
    return this.constant(`int64 [${values.join()}]`, () => ({
      type: 'int64',
      shape: [values.length],
      data: typedArray('int64', values),
    }));
  }

  /** A constant vector of real numbers. */
  floats(values: readonly number[]): string {
    return this.constant(`float32 [${values.join()}]`, () => ({
      type: 'float32',
      shape: [values.length],
      data: typedArray('float32', values),
    }));
  }

  /** Gives a tensor a second, chosen name. */
  name(tensor: string, name: string): void {
    this.#nodes.push({ operator: 'Identity', inputs: [tensor], outputs: [name], attributes: {} });
  }

  /** The tensor `name` in another type; itself when it has that type already. */
  cast(name: string, from: OnnxType, to: OnnxType): string {
    return from === to ? name : this.node('Cast', [name], { to: onnxTypeNumber(to) });
  }

  reshape(name: string, shape: readonly number[]): string {
    return this.node('Reshape', [name, this.integers(shape)]);
  }

  transpose(name: string, order: readonly number[]): string {
    return this.node('Transpose', [name], { perm: order });
  }

  /** The part `starts` to `ends` (exclusive) along `axes`. */
  slice(
    name: string,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps?: readonly number[],
  ): string {
    const inputs = [name, this.integers(starts), this.integers(ends), this.integers(axes)];
    return this.node('Slice', steps === undefined ? inputs : [...inputs, this.integers(steps)]);
  }

  /** Zeros around a tensor: how many before and after, for each axis. */
  padWithZeros(name: string, before: readonly number[], after: readonly number[]): string {
    if ([...before, ...after].every(count => count === 0)) return name;
    return this.node('Pad', [name, this.integers([...before, ...after])], { mode: 'constant' });
  }

  /** The graph without the nodes and constants that no output needs. */
  finish(inputs: readonly OnnxPort[], outputs: readonly OnnxPort[]): OnnxGraph {
    const needed = new Set(outputs.map(({ name }) => name));
    const nodes = this.#nodes.toReversed().filter(node => {
      const used = node.outputs.some(name => needed.has(name));
      if (used) for (const name of node.inputs) needed.add(name);
      return used;
    });
    const neededOf = <Tensor>(constants: ReadonlyMap<string, Tensor>): Map<string, Tensor> =>
      new Map([...constants].filter(([name]) => needed.has(name)));
    return {
      nodes: nodes.reverse(),
      initializers: neededOf(this.#initializers),
      shared: neededOf(this.#shared),
      inputs,
      outputs,
    };
  }

  #addConstant<Tensor extends OnnxTensor>(
    constants: Map<string, Tensor>,
    tensor: Tensor,
    prefix: string,
  ): string {
    const named = this.#named.get(tensor.data) ?? new Map<string, string>();
    this.#named.set(tensor.data, named);
    const key = `${prefix} ${tensor.shape.join()}`;
    const known = named.get(key);
    if (known !== undefined) return known;
    const name = this.#newName(prefix);
    named.set(key, name);
    constants.set(name, tensor);
    return name;
  }

  #once(key: string, make: () => readonly string[]): readonly string[] {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#known.set(key, made);
    return made;
  }

  #newName(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}`;
  }
}

function typedArray(type: OnnxType, values: readonly number[]): OnnxTensor['data'] {
  switch (type) {
    case 'float32':
      return Float32Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'bool':
      return Uint8Array.from(values);
    case 'int64':
      return BigInt64Array.from(values, BigInt);
  }
}
