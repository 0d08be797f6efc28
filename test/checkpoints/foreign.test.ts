/** Weights in forms that are not read: each is named, with what to do. */
import { describe, expect, it } from 'vitest';
import { openCheckpoint, openEntry, openSeries } from '../../src/checkpoints/index.js';
import { checkpointIn, config, folderOf, refusal, weights } from './folders.js';

describe('a folder of', () => {
  it.each([
    ['FSDP', { '__0_0.distcp': 'x', '.metadata': 'x' }, 'a sharded checkpoint of FSDP', 'accelerate merge-weights'],
    [
      'FSDP, below',
      { 'pytorch_model_fsdp_0/__0_0.distcp': 'x' },
      'a sharded checkpoint of FSDP',
      'got pytorch_model_fsdp_0 ',
    ],
    ['DeepSpeed', { 'mp_rank_00_model_states.pt': 'x' }, 'a training checkpoint of DeepSpeed', 'zero_to_fp32.py . OUT'],
    [
      'DeepSpeed in Trainer',
      { 'global_step500/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt': 'x', 'zero_to_fp32.py': 'x', latest: 'x' },
      'a training checkpoint of DeepSpeed',
      'got zero_to_fp32.py, global_step500 ',
    ],
    ['TensorFlow', { 'tf_model.h5': 'x' }, 'weights of TensorFlow', 'from_tf=True'],
    [
      'TensorFlow shards',
      { 'tf_model-00001-of-00002.h5': 'x', 'tf_model.h5.index.json': '{}' },
      'weights of TensorFlow',
      'from_tf=True',
    ],
    [
      'TensorFlow checkpoint',
      { 'model.ckpt.index': 'x', 'model.ckpt.data-00000-of-00001': 'x' },
      'weights of TensorFlow',
      'from_tf=True',
    ],
    ['Flax', { 'flax_model.msgpack': 'x' }, 'weights of Flax', 'from_flax=True'],
    [
      'ONNX',
      { 'model.onnx': 'x', 'model.onnx_data': 'x' },
      'an exported ONNX model',
      'the checkpoint that it was exported from',
    ],
    ['ONNX, below', { 'onnx/model.onnx': 'x' }, 'an exported ONNX model', 'got onnx '],
    [
      'OpenVINO',
      { 'openvino_model.bin': 'x', 'openvino_model.xml': 'x' },
      'an OpenVINO model',
      'got openvino_model.bin',
    ],
    [
      "Meta's Llama",
      { 'consolidated.00.pth': 'x', 'params.json': '{}' },
      "the layout of Meta's Llama",
      'convert_llama_weights_to_hf.py',
    ],
    ['Lightning', { 'last.ckpt': 'x' }, 'a checkpoint of Lightning', 'save its `state_dict`'],
    ['MLX', { 'weights.npz': 'x' }, 'weights of MLX or JAX', 'save_pretrained'],
  ])('%s', async (_, files, what, advice) => {
    const folder = await folderOf({ 'config.json': config, ...files });
    const message = await refusal(openCheckpoint(folder));
    expect(message).toContain(`${folder}: ${what}`.replace(`${folder}: the`, `${folder}: weights in the`));
    expect(message).toContain(advice);
  });

  it('safetensors beside any of them is read', async () => {
    const folder = await folderOf({
      ...checkpointIn('a'),
      'a/tf_model.h5': 'x',
      'a/flax_model.msgpack': 'x',
      'a/onnx/model.onnx': 'x',
      'a/zero_to_fp32.py': 'x',
      'a/global_step5/mp_rank_00_model_states.pt': 'x',
    });
    expect([...(await openCheckpoint(`${folder}/a`)).tensors.keys()]).toEqual(['w']);
  });

  it('a series keeps such a checkpoint, whose own error comes when it is opened', async () => {
    const folder = await folderOf({
      ...checkpointIn('checkpoint-5'),
      'checkpoint-10/config.json': config,
      'checkpoint-10/pytorch_model_fsdp_0/__0_0.distcp': 'x',
    });
    const series = await openSeries(folder);
    expect(series.entries.map(({ revision }) => revision)).toEqual(['checkpoint-5', 'checkpoint-10']);
    expect(await refusal(openEntry(series, series.entries[1]!))).toContain('a sharded checkpoint of FSDP');
  });
});

describe('quantised weights', () => {
  it.each([
    ['{"quant_method":"bitsandbytes","load_in_4bit":true}', 'bitsandbytes'],
    ['{"load_in_8bit":true}', 'bitsandbytes'],
    ['{"quant_method":"awq","bits":4}', 'AWQ'],
    ['{"quant_method":"gptq","bits":4}', 'GPTQ'],
    ['{"quant_method":"mxfp4"}', 'MXFP4'],
    ['{"quant_method":"aqlm"}', 'aqlm'],
    ['{"bits":3}', 'an unnamed method'],
  ])('by config: %s', async (settings, method) => {
    const text = `{"model_type":"llama","quantization_config":${settings}}`;
    const folder = await folderOf({ 'config.json': text, 'model.safetensors': weights('w') });
    expect(await refusal(openCheckpoint(folder))).toBe(
      `${folder}: weights quantised by ${method}, got quantization_config in config.json (expected float32, float16 or ` +
        'bfloat16); take the unquantised checkpoint, or write one with `model.dequantize().save_pretrained(FOLDER)` in Python',
    );
  });

  it.each([
    ['model.layers.0.mlp.up_proj.qweight', 'AWQ or GPTQ'],
    ['model.layers.0.mlp.up_proj.qzeros', 'AWQ or GPTQ'],
    ['model.layers.0.mlp.up_proj.g_idx', 'GPTQ'],
    ['model.layers.0.mlp.up_proj.weight.absmax', 'bitsandbytes'],
    ['model.layers.0.mlp.up_proj.weight.quant_state.bitsandbytes__nf4', 'bitsandbytes'],
    ['model.layers.0.mlp.up_proj.SCB', 'bitsandbytes'],
    ['model.layers.0.mlp.up_proj.weight_scale_inv', 'FP8'],
    ['model.layers.0.mlp.up_proj.weight_packed', 'compressed-tensors'],
  ])('by tensor: %s', async (name, method) => {
    const folder = await folderOf({ 'config.json': config, 'model.safetensors': weights('w', name) });
    expect(await refusal(openCheckpoint(folder))).toContain(
      `weights quantised by ${method}, got tensor ${name} (expected`,
    );
  });

  it('null settings and ordinary names are no quantisation', async () => {
    const text = '{"model_type":"gpt_neox","quantization_config":null}';
    const folder = await folderOf({
      'config.json': text,
      'model.safetensors': weights('a.weight', 'b.scale', 'c.bias'),
    });
    expect((await openCheckpoint(folder)).tensors.size).toBe(3);
  });
});
