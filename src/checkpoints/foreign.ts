/**
 * Weights in forms that are not read: what a folder's names say they are, and what makes them readable. Training
 * frameworks shard by rank, other libraries have formats of their own; each has a tool that writes a whole model.
 * And weights that were quantised, which are no float32 of anything until they are dequantised.
 */
import { EigentraceError } from '../errors.js';

interface Form {
  readonly what: string;
  /** Of a file or folder in the checkpoint's folder. */
  readonly name: RegExp;
  readonly advice: string;
  /** Made from a checkpoint, for inference elsewhere: no step of a training. */
  readonly exported?: boolean;
}

const again = 'load it in Python and write it with `save_pretrained(FOLDER)`';

/** In the order in which they are looked for: a DeepSpeed folder holds `.pt` files too. */
const forms: readonly Form[] = [
  {
    what: 'a sharded checkpoint of FSDP (torch.distributed.checkpoint)',
    name: /\.distcp$|^\.metadata$|^pytorch_model_fsdp/,
    advice: 'merge it with `accelerate merge-weights FOLDER OUT` in the Python environment that wrote it',
  },
  {
    what: 'a training checkpoint of DeepSpeed',
    name: /^zero_to_fp32\.py$|^global_step\d+$|(^|_)mp_rank_\d+|^(bf16_)?zero_pp_rank_/,
    advice: 'merge it with `python zero_to_fp32.py . OUT` in the folder that holds zero_to_fp32.py',
  },
  {
    what: 'weights of TensorFlow',
    name: /^tf_model.*\.h5|\.h5$|^saved_model\.pb$|\.ckpt\.(index|meta|data-.*)$/,
    advice: `${again}, with \`from_pretrained(FOLDER, from_tf=True)\` of transformers 4`,
  },
  {
    what: 'weights of Flax',
    name: /^flax_model.*\.(msgpack|index\.json)|\.msgpack$/,
    advice: `${again}, with \`from_pretrained(FOLDER, from_flax=True)\` of transformers 4`,
  },
  {
    what: 'an exported ONNX model',
    name: /\.onnx(\.data|_data)?$|^onnx$/,
    advice: 'take the checkpoint that it was exported from',
    exported: true,
  },
  {
    what: "weights in the layout of Meta's Llama",
    name: /^consolidated(\.\d+)?\.pth$/,
    advice: 'convert it with `convert_llama_weights_to_hf.py` of transformers, or take the `-hf` repository',
  },
  {
    what: 'an OpenVINO model',
    name: /^openvino_.*\.(xml|bin)$/,
    advice: 'take the checkpoint that it was exported from',
    exported: true,
  },
  { what: 'weights of MLX or JAX', name: /\.npz$/, advice: again },
  { what: 'a checkpoint of Lightning', name: /\.ckpt$/, advice: 'save its `state_dict` as pytorch_model.bin' },
];

export interface ForeignForm {
  readonly what: string;
  /** The names that show it. */
  readonly found: readonly string[];
  readonly advice: string;
  readonly exported: boolean;
}

/** What form the files and folders of a checkpoint's folder show; null when none that is known. */
export function foreignForm(names: readonly string[]): ForeignForm | null {
  for (const { what, name, advice, exported = false } of forms) {
    const found = names.filter((candidate) => name.test(candidate));
    if (found.length > 0) return { what, found, advice, exported };
  }
  return null;
}

/** `quant_method` of config.json as people know it. */
const methods: Readonly<Record<string, string>> = {
  bitsandbytes: 'bitsandbytes',
  awq: 'AWQ',
  gptq: 'GPTQ',
  mxfp4: 'MXFP4',
  fp8: 'FP8',
  'compressed-tensors': 'compressed-tensors',
};

/** Tensors that only a quantised layer has, by the end of their names. */
const marks: readonly (readonly [RegExp, string])[] = [
  [/\.(absmax|quant_map|nested_absmax|SCB|quant_state\.bitsandbytes__\w+)$/, 'bitsandbytes'],
  [/\.g_idx$/, 'GPTQ'],
  [/\.(qweight|qzeros)$/, 'AWQ or GPTQ'],
  [/\.weight_packed$/, 'compressed-tensors'],
  [/\.weight_scale(_inv)?$/, 'FP8'],
];

/** Refuses quantised weights, seen by the config or by names of tensors. */
export function refuseQuantised(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  names: Iterable<string>,
): void {
  const settings = config['quantization_config'];
  if (typeof settings === 'object' && settings !== null) {
    const { quant_method: method, load_in_4bit: four, load_in_8bit: eight } = settings as Record<string, unknown>;
    // transformers' first files name no method: they could only be of bitsandbytes.
    const named =
      typeof method === 'string' ? method.slice(0, 40) : four || eight ? 'bitsandbytes' : 'an unnamed method';
    throw quantised(folder, methods[named] ?? named, 'quantization_config in config.json');
  }
  const all = [...names];
  for (const [mark, method] of marks) {
    const found = all.find((name) => mark.test(name));
    if (found !== undefined) throw quantised(folder, method, `tensor ${found}`);
  }
}

function quantised(folder: string, method: string, got: string): EigentraceError {
  const advice =
    'take the unquantised checkpoint, or write one with `model.dequantize().save_pretrained(FOLDER)` in Python';
  return new EigentraceError(
    'input',
    `${folder}: weights quantised by ${method}, got ${got} (expected float32, float16 or bfloat16); ${advice}`,
  );
}
