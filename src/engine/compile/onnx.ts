/**
 * Writes ONNX models: the part of the protobuf format that a graph of nodes with constant tensors
 * needs. Field numbers are those of `onnx.proto` (ONNX 1.15, IR version 8).
 */

const operatorSetVersion = 18;

export type OnnxType = 'float32' | 'int32' | 'int64' | 'bool';

const typeNumbers: Record<OnnxType, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** Number of a type in `TensorProto.DataType`, as the attribute `to` of Cast takes it. */
export function onnxTypeNumber(type: OnnxType): number {
  return typeNumbers[type];
}

/** A constant tensor. */
export interface OnnxTensor {
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

/** A constant that is no part of the model: whoever runs it hands it in, from one array for all. */
export interface SharedTensor extends OnnxTensor {
  readonly type: 'float32';
  readonly data: Float32Array;
}

/** An attribute that is a real number; a bare number is an integer attribute. */
export interface FloatAttribute {
  readonly float: number;
}

export type OnnxAttribute = number | string | readonly number[] | FloatAttribute;

export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** One operator call. An input that is left out is the empty string. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: OnnxAttributes;
  /** Where the operator is defined; ONNX itself when it is left out. */
  readonly domain?: string;
}

/** Name, type and shape of a graph's input or output. */
export interface OnnxPort {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
}

export interface OnnxGraph {
  /** In an order in which every input is made before it is used. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly shared: ReadonlyMap<string, SharedTensor>;
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}

/** The bytes of a `ModelProto`. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const model = new Message().integer(1, 8).text(2, 'assay').message(7, encodeGraph(graph));
  model.message(8, new Message().text(1, '').integer(2, operatorSetVersion));
  const domains = new Set(graph.nodes.flatMap(({ domain }) => domain ?? []));
  for (const domain of domains) model.message(8, new Message().text(1, domain).integer(2, 1));
  return model.bytes();
}

function encodeGraph({ nodes, initializers, shared, inputs, outputs }: OnnxGraph): Message {
  const message = new Message();
  nodes.forEach((node, index) => message.message(1, encodeNode(node, index)));
  message.text(2, 'recorded');
  for (const [name, tensor] of initializers) message.message(5, encodeTensor(name, tensor));
  for (const port of inputs) message.message(11, encodePort(port));
  for (const [name, tensor] of shared) message.message(11, encodePort({ name, ...tensor }));
  for (const port of outputs) message.message(12, encodePort(port));
  return message;
}

function encodeNode(node: OnnxNode, index: number): Message {
  const { operator, inputs, outputs, attributes, domain } = node;
  const message = new Message();
  for (const name of inputs) message.text(1, name);
  for (const name of outputs) message.text(2, name);
  message.text(3, `${operator}_${index}`).text(4, operator);
  for (const [name, value] of Object.entries(attributes)) {
    message.message(5, encodeAttribute(name, value));
  }
  return domain === undefined ? message : message.text(7, domain);
}

function encodeAttribute(name: string, value: OnnxAttribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'string') return message.text(4, value).integer(20, 3);
  if (typeof value === 'number') return message.integer(3, value).integer(20, 2);
  if ('float' in value) return message.float(2, value.float).integer(20, 1);
  for (const item of value) message.integer(8, item);
  return message.integer(20, 7);
}

function encodeTensor(name: string, { type, shape, data }: OnnxTensor): Message {
  const message = new Message();
  for (const length of shape) message.integer(1, length);
  message.integer(2, typeNumbers[type]).text(8, name);
  return message.raw(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function encodePort({ name, type, shape }: OnnxPort): Message {
  const dimensions = new Message();
  for (const length of shape) dimensions.message(1, new Message().integer(1, length));
  const tensorType = new Message().integer(1, typeNumbers[type]).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensorType));
}

const encoder = new TextEncoder();

/** A protobuf message under construction. Large byte fields are copied only once, at the end. */
class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  integer(field: number, value: number): this {
    return this.#key(field, 0).#varint(value);
  }

  float(field: number, value: number): this {
    return this.#key(field, 5).#append(new Uint8Array(Float32Array.of(value).buffer));
  }

  text(field: number, value: string): this {
    return this.raw(field, encoder.encode(value));
  }

  raw(field: number, value: Uint8Array): this {
    return this.#key(field, 2).#varint(value.length).#append(value);
  }

  message(field: number, value: Message): this {
    this.#key(field, 2).#varint(value.#length);
    for (const part of value.#parts) this.#parts.push(part);
    this.#length += value.#length;
    return this;
  }

  bytes(): Uint8Array {
    const result = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      result.set(part, offset);
      offset += part.length;
    }
    return result;
  }

  #key(field: number, wireType: number): this {
    return this.#varint(field * 8 + wireType);
  }

  /** Seven bits a byte, lowest first; negative numbers as 64 bits in two's complement. */
  #varint(value: number): this {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    return this.#append(Uint8Array.from(bytes));
  }

  #append(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}
