/**
 * The head in the child process: final states → log-probabilities or logits, a few rows at a time, so that logits never
 * exist for more than those.
 */
import * as ort from 'onnxruntime-node';
import type { ForwardMessage, ScoreMessage, ScoreReply } from './protocol.js';

/** Rows of the head a run: bounds the logits held at once to 256 · vocabulary floats. */
export const headRows = 256;

/** Rows of the states that the head reads, and the token that follows each (nothing where logits are wanted). */
function headInputs(
  ids: Int32Array,
  lengths: Int32Array,
  head: 'logprobs' | 'logits',
  firstRow: (b: number, from: number) => number,
): { rows: number[]; targets: number[] } {
  const rows: number[] = [];
  const targets: number[] = [];
  let from = 0;
  lengths.forEach((length, b) => {
    const first = firstRow(b, from);
    if (head === 'logits') rows.push(first + length - 1);
    else
      for (let t = 0; t + 1 < length; t++) {
        rows.push(first + t);
        targets.push(ids[from + t + 1]!);
      }
    from += length;
  });
  return { rows, targets };
}

/** The head on chosen rows of (…, d) states, a few at a time; `take` gets each chunk's output, (rows, …). */
async function eachChunk(
  session: ort.InferenceSession,
  states: Float32Array,
  d: number,
  rows: readonly number[],
  targets: readonly number[] | null,
  take: (output: Float32Array, at: number, count: number) => void,
): Promise<void> {
  for (let at = 0; at < rows.length; at += headRows) {
    const chunk = rows.slice(at, at + headRows);
    const input = new Float32Array(chunk.length * d);
    chunk.forEach((row, i) => input.set(states.subarray(row * d, (row + 1) * d), i * d));
    const feeds: Record<string, ort.Tensor> = { states: new ort.Tensor('float32', input, [chunk.length, d]) };
    if (targets) {
      const following = BigInt64Array.from(targets.slice(at, at + headRows), BigInt);
      feeds['targets'] = new ort.Tensor('int64', following, [chunk.length, 1]);
    }
    const result = await session.run(feeds);
    for (const tensor of Object.values(result)) {
      take(tensor.data as Float32Array, at, chunk.length);
      tensor.dispose();
    }
  }
}

/** The head on padded states (B, T, d): log-probabilities of every token but the first, or the last token's logits. */
export async function runHead(
  session: ort.InferenceSession,
  states: Float32Array,
  message: ForwardMessage,
  T: number,
): Promise<Float32Array> {
  const { ids, lengths } = message;
  const head = message.head === 'logits' ? 'logits' : 'logprobs';
  const { rows, targets } = headInputs(ids, lengths, head, (b) => b * T);
  const parts: Float32Array[] = [];
  const d = states.length / (lengths.length * T);
  await eachChunk(session, states, d, rows, head === 'logprobs' ? targets : null, (output) =>
    parts.push(output.slice()),
  );
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    all.set(part, to);
    to += part.length;
  }
  return all;
}

/** The head on kept states (tokens, d), or what a part of the vocabulary adds to each token's log-probability. */
export async function score(
  session: ort.InferenceSession,
  { ids, lengths, states, tokens }: ScoreMessage,
): Promise<ScoreReply> {
  const { rows, targets } = headInputs(ids, lengths, 'logprobs', (_, from) => from);
  const d = states.length / ids.length;
  if (!tokens) {
    const logprobs = new Float32Array(rows.length);
    await eachChunk(session, states, d, rows, targets, (output, at) => logprobs.set(output, at));
    return { logprobs };
  }
  const { from, to } = tokens;
  const V = to - from;
  const [largest, sum, target] = [0, 1, 2].map(() => new Float64Array(rows.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  await eachChunk(session, states, d, rows, null, (logits, at, count) => {
    for (let i = 0; i < count; i++) {
      let most = -Infinity;
      for (let v = i * V; v < (i + 1) * V; v++) if (logits[v]! > most) most = logits[v]!;
      let total = 0;
      for (let v = i * V; v < (i + 1) * V; v++) total += Math.exp(logits[v]! - most);
      const wanted = targets[at + i]!;
      largest[at + i] = most;
      sum[at + i] = total;
      target[at + i] = wanted >= from && wanted < to ? logits[i * V + wanted - from]! : NaN;
    }
  });
  return { sums: { largest, sum, target } };
}
