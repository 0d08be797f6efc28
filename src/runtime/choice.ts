/**
 * One token of a row of logits, as transformers chooses it: the likeliest, or drawn, by temperature, then top-k, then
 * top-p, then a draw from what is left. Everything after the logits is float64. Top-k keeps what is as likely as the k-th
 * token; of equal logits top-p takes the smaller id first (transformers leaves it to the sort).
 */

export interface Draw {
  /** Above 0. */
  readonly temperature: number;
  readonly topK: number | null;
  readonly topP: number;
}

/** How a token is chosen for each of some rows; a draw's place on [0, 1) of the cumulated probabilities is told for each. */
export type Choice = 'likeliest' | { readonly draw: Draw; readonly places: Float64Array };

/** Tokens that may be drawn, ids ascending, with weights in proportion to their probabilities. */
export interface Candidates {
  readonly ids: Int32Array;
  readonly weights: Float64Array;
}

/** The token of row `row`; throws where no logit is a number. */
export function chosenToken(logits: Float32Array, choice: Choice, row: number): number {
  return choice === 'likeliest' ? likeliest(logits) : drawToken(logits, choice.draw, choice.places[row]!);
}

/** Of equal ones the smallest id. */
export function likeliest(logits: Float32Array): number {
  let best = -1;
  let most = -Infinity;
  for (let id = 0; id < logits.length; id++) {
    if (logits[id]! > most) most = logits[(best = id)]!;
  }
  if (best >= 0) return best;
  throw new Error(`no token can be chosen, got logits of ${logits[0]} (expected numbers); its weights are damaged`);
}

/** The token at `u` of the cumulated probabilities, tokens in order of their ids. */
export function drawToken(logits: Float32Array, draw: Draw, u: number): number {
  const { ids, weights } = candidates(logits, draw);
  let total = 0;
  for (const weight of weights) total += weight;
  let sum = 0;
  for (let i = 0; i < ids.length; i++) {
    sum += weights[i]!;
    if (u * total < sum) return ids[i]!;
  }
  return ids.at(-1)!;
}

export function candidates(logits: Float32Array, { temperature, topK, topP }: Draw): Candidates {
  const most = logits[likeliest(logits)]!;
  const narrowed = topP < 1 || (topK !== null && topK < logits.length);
  const keys = narrowed ? keysOf(logits) : null;
  const least = keys && topK !== null && topK < logits.length ? edgeOf(keys, null, topK).key : 0;
  const ids = new Int32Array(logits.length);
  const weights = new Float64Array(logits.length);
  let count = 0;
  let total = 0;
  for (let id = 0; id < logits.length; id++) {
    if (keys && keys[id]! < least) continue;
    const weight = Math.exp((logits[id]! - most) / temperature);
    ids[count] = id;
    weights[count++] = weight;
    total += weight;
  }
  const all = { ids: ids.subarray(0, count), weights: weights.subarray(0, count) };
  return topP < 1 ? fewest(all, keys!, topP * total) : all;
}

/** The fewest that reach `target`, at least one: all above an edge, and of those on it the first. */
function fewest({ ids, weights }: Candidates, keys: Uint32Array, target: number): Candidates {
  const own = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) own[i] = keys[ids[i]!]!;
  const edge = edgeOf(own, weights, target);
  let sum = edge.above;
  let kept = 0;
  for (let i = 0; i < ids.length; i++) {
    if (own[i]! < edge.key) continue;
    if (own[i] === edge.key) {
      if (sum >= target) continue;
      sum += weights[i]!;
    }
    ids[kept] = ids[i]!;
    weights[kept++] = weights[i]!;
  }
  return { ids: ids.subarray(0, kept), weights: weights.subarray(0, kept) };
}

/** Numbers whose order is that of the logits: the bits of a float32, turned where it is negative. */
function keysOf(logits: Float32Array): Uint32Array {
  const copy = logits.slice();
  const keys = new Uint32Array(copy.buffer);
  for (let i = 0; i < keys.length; i++) {
    // −0 + 0 is 0: the two are as likely.
    copy[i]! += 0;
    keys[i] = keys[i]! >>> 31 === 1 ? ~keys[i]! : keys[i]! | 0x8000_0000;
  }
  return keys;
}

/**
 * The greatest key that, with all that are greater, reaches `target` (the smallest key there is where all together don't),
 * and what those greater are together. Weights are 1 where null. By half keys, so that nothing is sorted.
 */
function edgeOf(keys: Uint32Array, weights: Float64Array | null, target: number): { key: number; above: number } {
  const sums = new Float64Array(65_536);
  for (let i = 0; i < keys.length; i++) sums[keys[i]! >>> 16]! += weights?.[i] ?? 1;
  const high = reached(sums, 0, target);
  sums.fill(0);
  for (let i = 0; i < keys.length; i++) {
    if (keys[i]! >>> 16 === high.at) sums[keys[i]! & 0xffff]! += weights?.[i] ?? 1;
  }
  const low = reached(sums, high.above, target);
  return { key: ((high.at << 16) | low.at) >>> 0, above: low.above };
}

function reached(sums: Float64Array, above: number, target: number): { at: number; above: number } {
  let found = { at: 0, above };
  for (let at = sums.length - 1; at >= 0; at--) {
    if (sums[at] === 0) continue;
    found = { at, above };
    above += sums[at]!;
    if (above >= target) break;
  }
  return found;
}
