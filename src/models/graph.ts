/**
 * A small builder of ONNX graphs. Values are names; weights are external data that point into the weight files,
 * so a graph of a 12B model is a few hundred kilobytes and nothing is copied or converted.
 * Operators: ONNX opset 20, and `com.microsoft` version 1 as onnxruntime's CPU provider has them.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { onnxTypeOf, type LowRank, type TensorRange } from './weights.js';

/** The name of a value in the graph. */
export type Value = string & { readonly value: unique symbol };

/** An absent optional input. */
export const none = '' as Value;

/** Operators that are not in the ONNX standard. */
export const microsoft = 'com.microsoft';

/** A float attribute; plain numbers are integers. */
export interface Float {
  float: number;
}
export type Attributes = Readonly<Record<string, number | readonly number[] | Float | string>>;

const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, float64: 11 } as const;

/** What a graph's matrix products cost, counted while it is built. */
export interface Cost {
  /** Floating-point operations (2 a multiply-add) for every token of a padded batch. */
  perToken: number;
  /** The same, once a sequence: what the last layer does for the chosen token only. */
  perSequence: number;
  /** Attention: times T² a sequence of T tokens (whole square, as computed). */
  perTokenPair: number;
}

export class Graph {
  readonly cost: Cost = { perToken: 0, perSequence: 0, perTokenPair: 0 };
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #weights = new Map<string, Value>();
  readonly #locate: (file: string) => string;
  #count = 0;

  /** `locate` gives a weight file's location relative to the folder that the session is told. */
  constructor(locate: (file: string) => string) {
    this.#locate = locate;
  }

  /** Adds a node and gives its outputs. */
  nodes(type: string, inputs: readonly Value[], attributes: Attributes, outputs: number, domain = ''): Value[] {
    const names = Array.from({ length: outputs }, () => this.#fresh('t'));
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: type,
        domain,
        input: [...inputs],
        output: names,
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return names;
  }

  /** Adds a node of one output. */
  node(type: string, inputs: readonly Value[], attributes: Attributes = {}, domain = ''): Value {
    return this.nodes(type, inputs, attributes, 1, domain)[0]!;
  }

  /** A graph input; named dimensions are free. */
  input(name: string, type: keyof typeof elementTypes, dims: readonly (string | number)[]): Value {
    this.#inputs.push(valueInfo(name, elementTypes[type], dims));
    return name as Value;
  }

  output(
    name: string,
    value: Value,
    dims: readonly (string | number)[],
    type: keyof typeof elementTypes = 'float32',
  ): void {
    this.#nodes.push(create(NodeProtoSchema, { opType: 'Identity', input: [value], output: [name] }));
    this.#outputs.push(valueInfo(name, elementTypes[type], dims));
  }

  int64(values: readonly number[]): Value {
    const name = this.#fresh('i');
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: [BigInt(values.length)],
        dataType: elementTypes.int64,
        int64Data: values.map(BigInt),
      }),
    );
    return name;
  }

  float32(values: Float32Array, dims: readonly number[]): Value {
    const name = this.#fresh('f');
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: dims.map(BigInt),
        dataType: elementTypes.float32,
        rawData: new Uint8Array(
          values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength) as ArrayBuffer,
        ),
      }),
    );
    return name;
  }

  /** A constant. */
  uint8(value: number): Value {
    const name = this.#fresh('u');
    const rawData = Uint8Array.of(value);
    this.#initializers.push(create(TensorProtoSchema, { name, dims: [], dataType: elementTypes.uint8, rawData }));
    return name;
  }

  /** A weight in its own dtype, in place in its file. */
  stored(tensor: TensorRange): Value {
    const known = this.#weights.get(tensor.name);
    if (known) return known;
    const name = `w:${tensor.name}` as Value;
    const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
    this.#initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: tensor.shape.map(BigInt),
        dataType: onnxTypeOf(tensor.dtype)!,
        dataLocation: DataLocation.EXTERNAL,
        externalData: [
          entry('location', this.#locate(tensor.file)),
          entry('offset', String(tensor.offset)),
          entry('length', String(tensor.byteLength)),
        ],
      }),
    );
    this.#weights.set(tensor.name, name);
    return name;
  }

  /** A weight as float32, its update added; onnxruntime folds the Cast and the sum when it loads the graph. */
  weight(tensor: TensorRange): Value {
    const stored = this.stored(tensor);
    if (tensor.dtype === 'F32' && !tensor.update) return stored;
    const key = `${tensor.name} as float32`;
    let weight = this.#weights.get(key);
    if (!weight) {
      weight = tensor.dtype === 'F32' ? stored : this.toFloat32(stored);
      if (tensor.update) weight = this.#updated(weight, tensor.update);
      this.#weights.set(key, weight);
    }
    return weight;
  }

  /** W + scale · up · down, or its transpose: one node, so that folding it holds no product beside the sum. */
  #updated(weight: Value, { up, down, scale, transposed }: LowRank): Value {
    const [a, b] = transposed ? [this.weight(down), this.weight(up)] : [this.weight(up), this.weight(down)];
    const order = transposed ? { transA: 1, transB: 1 } : {};
    return this.node('Gemm', [a, b, weight], { alpha: { float: scale }, ...order });
  }

  toFloat32(value: Value): Value {
    return this.node('Cast', [value], { to: elementTypes.float32 });
  }

  /** Cuts off what is behind the point. */
  toUint8(value: Value): Value {
    return this.node('Cast', [value], { to: elementTypes.uint8 });
  }

  toFloat64(value: Value): Value {
    return this.node('Cast', [value], { to: elementTypes.float64 });
  }

  /** The encoded ModelProto. */
  encode(): Uint8Array {
    const opset = (domain: string, version: number) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) });
    const model = create(ModelProtoSchema, {
      irVersion: 9n,
      opsetImport: [opset('', 20), opset(microsoft, 1)],
      graph: create(GraphProtoSchema, {
        name: 'eigentrace',
        node: this.#nodes,
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      }),
    });
    return toBinary(ModelProtoSchema, model);
  }

  #fresh(prefix: string): Value {
    return `${prefix}${this.#count++}` as Value;
  }
}

function attribute(name: string, value: Attributes[string]): AttributeProto {
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === 'string') {
    const s = new TextEncoder().encode(value);
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s });
  }
  if ('float' in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

function valueInfo(name: string, elemType: number, dims: readonly (string | number)[]): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType,
          shape: {
            dim: dims.map((dim) => ({
              value:
                typeof dim === 'string'
                  ? { case: 'dimParam' as const, value: dim }
                  : { case: 'dimValue' as const, value: BigInt(dim) },
            })),
          },
        },
      },
    },
  });
}
