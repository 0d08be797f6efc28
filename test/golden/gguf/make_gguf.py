"""Makes the golden GGUF files with the `gguf` package (0.19.0, NumPy 2.4): python make_gguf.py ARCHITECTURES OUT.

blocks/<type>.gguf + .safetensors: random blocks of each quantised type as raw bytes (every bit pattern of scales and
quants may occur, scales finite), and the float32 values that `gguf.dequantize` gives. models/<name>.gguf: checkpoints of
the golden architectures, converted as llama.cpp's convert_hf_to_gguf.py does (names, row orders, metadata), so that the
original's safetensors and reference states hold for them; of the quantised one the values that `gguf.dequantize` gives
stand beside it as safetensors under the original's names. ARCHITECTURES: the folder of golden architectures.
"""
import json, struct, sys
from pathlib import Path
import numpy as np
import gguf
from gguf import GGMLQuantizationType as T

source, out = Path(sys.argv[1]), Path(sys.argv[2])


def read_safetensors(path):
    data = path.read_bytes()
    n = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + n])
    kinds = {"F32": np.float32, "F16": np.float16}
    return {
        name: np.frombuffer(data[8 + n + t["data_offsets"][0] : 8 + n + t["data_offsets"][1]], kinds[t["dtype"]]).reshape(t["shape"])
        for name, t in header.items() if name != "__metadata__"
    }


def write_safetensors(path, tensors):
    header, at = {}, 0
    for name, a in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(np.ascontiguousarray(a).tobytes() for a in tensors.values()))


# In the order in which they were added: each type's blocks depend on those drawn before.
HALVES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q6_K: [208]}
HALVES |= {T.Q5_K: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q2_K: [80, 82], T.Q3_K: [108]}


def random_blocks(rng, kind, rows, columns):
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (rows * columns // elements, size), dtype=np.uint8)
    for at in HALVES[kind]:
        scales = rng.normal(0, 0.02, len(blocks)).astype(np.float16)
        scales[:4] = [0, -0.0, 6e-8, 6.0]  # zero, negative zero, the least subnormal, a large one
        blocks[:, at : at + 2] = scales.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(rows, -1)


def blocks():
    (out / "blocks").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20261123)
    for kind in HALVES:
        raw = random_blocks(rng, kind, 6, 512)
        w = gguf.GGUFWriter(out / "blocks" / f"{kind.name}.gguf", "qwen2")
        w.add_uint32("qwen2.block_count", 1)
        w.add_uint32("qwen2.embedding_length", 512)
        w.add_uint32("qwen2.context_length", 64)
        w.add_uint32("qwen2.feed_forward_length", 512)
        w.add_uint32("qwen2.attention.head_count", 4)
        w.add_float32("qwen2.attention.layer_norm_rms_epsilon", 1e-6)
        w.add_tensor("token_embd.weight", raw, raw_dtype=kind)
        finish(w)
        write_safetensors(out / "blocks" / f"{kind.name}.safetensors", {"values": gguf.dequantize(raw, kind)})


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def permute(w, heads):  # LlamaModel.permute
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def apart(w, heads):  # GPTNeoXModel.modify_tensors
    d = w.shape[0] // heads // 3
    parts = w.reshape(heads, 3, d, *w.shape[1:])
    return np.concatenate([parts[:, i].reshape(heads * d, *w.shape[1:]) for i in range(3)])


def model(name, arch, kind, file):
    config = json.loads((source / name / "config.json").read_text())
    heads, kv = config["num_attention_heads"], config.get("num_key_value_heads", config["num_attention_heads"])
    head = config.get("head_dim") or config["hidden_size"] // heads
    layers = config["num_hidden_layers"]
    names = gguf.get_tensor_name_map(getattr(gguf.MODEL_ARCH, arch.upper()), layers)
    rope = config["rope_parameters"]
    (out / "models").mkdir(parents=True, exist_ok=True)
    w = gguf.GGUFWriter(out / "models" / f"{file}.gguf", arch)
    w.add_name(name)
    w.add_context_length(config["max_position_embeddings"])
    w.add_embedding_length(config["hidden_size"])
    w.add_block_count(layers)
    w.add_feed_forward_length(config["intermediate_size"])
    w.add_head_count(heads)
    w.add_file_type(0 if kind == T.F32 else 1)
    w.add_token_list([f"<{i}>" for i in range(config["vocab_size"])])
    w.add_token_scores([0.0] * config["vocab_size"])
    if arch == "gptneox":
        w.add_rope_dimension_count(int(rope["partial_rotary_factor"] * head))
        w.add_parallel_residual(config["use_parallel_residual"])
        w.add_layer_norm_eps(config["layer_norm_eps"])
    else:
        w.add_vocab_size(config["vocab_size"])
        w.add_head_count_kv(kv)
        w.add_layer_norm_rms_eps(config["rms_norm_eps"])
        w.add_rope_freq_base(rope["rope_theta"])
        if arch == "llama":
            w.add_rope_dimension_count(head)
    if rope["rope_type"] == "llama3":
        w.add_uint32(f"{arch}.rope.scaling.original_context_length", rope["original_max_position_embeddings"])
        w.add_tensor("rope_freqs.weight", llama3(rope, head))
    values = {}
    for original, tensor in read_safetensors(source / name / "model.safetensors").items():
        new = names.get_name(original, try_suffixes=(".weight", ".bias"))
        if arch == "llama" and ".q_proj." in original:
            tensor = permute(tensor, heads)
        if arch == "llama" and ".k_proj." in original:
            tensor = permute(tensor, kv)
        if ".query_key_value." in original:
            tensor = apart(tensor, heads)
        # Vectors stay float32.
        fit = tensor.ndim > 1 and kind != T.F32
        data = tensor.astype(np.float32)
        if kind == T.Q8_0:
            # As llama.cpp does, float16 where rows are no whole blocks.
            wanted = T.F32 if not fit else T.Q8_0 if data.shape[1] % 32 == 0 else T.F16
            raw = gguf.quantize(data, wanted)
            w.add_tensor(new, raw, raw_dtype=wanted)
            # Rows are moved before they are quantised, which makes no difference to their values.
            plain = read_safetensors(source / name / "model.safetensors")[original].astype(np.float32)
            values[original] = gguf.dequantize(gguf.quantize(plain, wanted), wanted)
        elif fit and kind == T.BF16:
            w.add_tensor(new, gguf.quantize(data, T.BF16), raw_dtype=T.BF16)
        else:
            w.add_tensor(new, data.astype(np.float16) if fit else data)
    finish(w)
    if values:
        write_safetensors(out / "models" / f"{file}.safetensors", values)


def llama3(rope, head):  # LlamaModel.generate_extra_tensors
    factor, low, high, old = (rope[k] for k in ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"))
    values = []
    for freq in 1.0 / rope["rope_theta"] ** (np.arange(0, head, 2) / head):
        wave = 2 * np.pi / freq
        if wave < old / high:
            values.append(1)
        elif wave > old / low:
            values.append(factor)
        else:
            smooth = (old / wave - low) / (high - low)
            values.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(values, np.float32)


blocks()
model("llama", "llama", T.F32, "llama")
model("llama_rope_scaled", "llama", T.F32, "llama_rope_scaled")
model("llama_tied", "llama", T.F32, "llama_tied")
model("qwen2", "qwen2", T.F32, "qwen2")
model("gpt_neox", "gptneox", T.F32, "gpt_neox")
model("gpt_neox_float16", "gptneox", T.F16, "gpt_neox_float16")
model("qwen2", "qwen2", T.BF16, "qwen2_bfloat16")
model("llama_tied", "llama", T.Q8_0, "llama_tied_q8_0")
