/** The child's side of `choose`: final states → the next tokens. Logits never leave it, and exist for a few rows at once. */
import * as ort from 'onnxruntime-node';
import type { ChooseMessage } from './cache-message.js';
import { chosenToken } from './choice.js';

export async function chooseTokens(
  head: ort.InferenceSession,
  { states, width, choice, chunk }: Omit<ChooseMessage, 'op'>,
): Promise<Int32Array> {
  const count = states.length / width;
  const tokens = new Int32Array(count);
  for (let from = 0; from < count; from += chunk) {
    const rows = Math.min(chunk, count - from);
    const part = states.subarray(from * width, (from + rows) * width);
    const outputs = await head.run({ states: new ort.Tensor('float32', part, [rows, width]) });
    const tensor = outputs['logits']!;
    const logits = tensor.data as Float32Array;
    const V = logits.length / rows;
    for (let r = 0; r < rows; r++) {
      tokens[from + r] = chosenToken(logits.subarray(r * V, (r + 1) * V), choice, from + r);
    }
    tensor.dispose();
  }
  return tokens;
}
