/**
 * Curves of RankMe over training with known turning points, measured with noise: what `bench/phases.mjs` and the test of
 * the phases' rule count recall, false alarms and coverage on. Everything follows from the seed.
 *
 *   truth        ln RankMe over ln(tokens): smooth monotone stretches between turning points at random places
 *   measurement  an error shared by all checkpoints of a curve, with the covariance between checkpoints that the sample's
 *                replicates have; K = 10 groups, so that the simulated replicates are what a jackknife would store
 *   training     an independent error at each checkpoint that no replicate knows of (another seed, another batch)
 */

/** mulberry32: a small seeded generator of uniform numbers. */
export function seeded(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal, between: (low, high) => low + (high - low) * uniform() };
}

/** Checkpoints in tokens: `doubling` as the sample (powers of two, then coarser), `even` in ln(tokens), `published` as Pythia's. */
export function grid(kind) {
  const step = 2_097_152;
  if (kind === 'doubling') return Array.from({ length: 15 }, (_, i) => step * 2 ** i);
  if (kind === 'even') return Array.from({ length: 24 }, (_, i) => step * 2 ** ((i * 17) / 23));
  if (kind === 'sparse') return Array.from({ length: 9 }, (_, i) => step * 4 ** i);
  const steps = [
    ...Array.from({ length: 10 }, (_, i) => 2 ** i),
    ...Array.from({ length: 143 }, (_, i) => 1000 * (i + 1)),
  ];
  return steps.map((s) => s * step);
}

/**
 * The sample's errors as curves over the fraction of its ln(tokens) range: d_k(x), so that Σ d_k(x) d_k(x') is the
 * jackknife's covariance of ln RankMe between checkpoints. `points` are those of its pretraining after step 0.
 */
export function errorCurves(points) {
  const x = points.map(({ tokens }) => Math.log(tokens));
  const logs = points.map(({ replicates }) => replicates.map(Math.log));
  const groups = logs[0].length;
  const means = logs.map((values) => values.reduce((a, b) => a + b) / groups);
  const at = x.map((v) => (v - x[0]) / (x.at(-1) - x[0]));
  return Array.from({ length: groups }, (_, k) => (fraction) => {
    const right = Math.max(
      1,
      at.findIndex((v) => v >= fraction - 1e-12),
    );
    const [a, b] = [right - 1, right];
    const part = (fraction - at[a]) / (at[b] - at[a]);
    const deviation = (i) => (logs[i][k] - means[i]) * Math.sqrt((groups - 1) / groups);
    return (1 - part) * deviation(a) + part * deviation(b);
  });
}

/** Shapes by name: directions of their stretches, in order. */
export const shapes = {
  'three phases': [-1, 1, -1],
  'dip and rise': [-1, 1],
  'four phases': [-1, 1, -1, 1],
  'monotone rise': [1],
  'monotone fall': [-1],
  flat: [],
};

/**
 * A true curve: `directions` of its stretches, each a change of `least` to `most` in ln RankMe, turning points at least
 * `apart` checkpoints from each other and from the ends.
 */
export function trueCurve(random, x, directions, [least, most], apart = 2) {
  if (directions.length === 0) return { turns: [], value: () => 5 };
  const count = directions.length - 1;
  let turns;
  let tries = 0;
  do {
    if (tries++ > 10_000) throw new Error(`${count} turning points do not fit among ${x.length} checkpoints`);
    turns = Array.from({ length: count }, () => random.between(x[0], x.at(-1))).sort((a, b) => a - b);
  } while (!fits([x[0], ...turns, x.at(-1)], x, apart));
  const knots = [x[0], ...turns, x.at(-1)];
  const levels = [5];
  for (const direction of directions) levels.push(levels.at(-1) + direction * random.between(least, most));
  const powers = directions.map(() => random.between(1.3, 2.5));
  const value = (v) => {
    const i = Math.min(directions.length - 1, Math.max(0, knots.findIndex((knot, at) => at > 0 && v <= knot) - 1));
    const t = (v - knots[i]) / (knots[i + 1] - knots[i]);
    // Level at turning points, slanted at the ends, bent differently on either side.
    const bent = easing(t, i > 0, i < directions.length - 1, powers[i]);
    return levels[i] + (levels[i + 1] - levels[i]) * bent;
  };
  return { turns, value };
}

function fits(knots, x, apart) {
  return knots.slice(1).every((knot, i) => x.filter((v) => v > knots[i] && v < knot).length >= apart);
}

/** 0 to 1 over 0..1, monotone, with a level start and end where asked for. */
function easing(t, levelStart, levelEnd, power) {
  if (levelStart && levelEnd) return t ** power / (t ** power + (1 - t) ** power);
  if (levelStart) return t ** power;
  if (levelEnd) return 1 - (1 - t) ** power;
  return t;
}

/** A measured curve as `phasesOf` takes it: RankMe and its replicates; α is absent. */
export function measuredCurve(random, tokens, truth, errors, { measurement = 1, training = 0 } = {}) {
  const x = tokens.map(Math.log);
  const fraction = x.map((v) => (v - x[0]) / (x.at(-1) - x[0]));
  const shapesOfError = errors.map((curve) => fraction.map((f) => curve(f) * measurement));
  const K = errors.length;
  // One error a group, √K larger than that of their mean.
  const groups = Array.from({ length: K }, () => {
    const weights = shapesOfError.map(() => random.normal() * Math.sqrt(K));
    return x.map((_, i) => shapesOfError.reduce((sum, d, j) => sum + weights[j] * d[i], 0));
  });
  return tokens.map((count, i) => {
    const base = truth.value(x[i]) + training * random.normal();
    const total = groups.reduce((sum, g) => sum + g[i], 0);
    return {
      tokens: count,
      step: null,
      rankme: Math.exp(base + total / K),
      alpha: null,
      replicates: { rankme: groups.map((g) => Math.exp(base + (total - g[i]) / (K - 1))), alpha: [] },
    };
  });
}

/**
 * What the rule makes of `trials` curves. A true turning point is recalled when one of its kind is found within two
 * checkpoints or a factor of 3 in tokens; found ones that recall none are false. `covered` counts intervals of recalled ones that hold the truth.
 */
export function trial(phasesOf, errors, { shape, size, checkpoints, noise, trials, seed, options }) {
  const random = seeded(seed);
  const tokens = grid(checkpoints);
  const x = tokens.map(Math.log);
  const directions = shapes[shape];
  const result = {
    turns: 0,
    recalled: 0,
    covered: 0,
    false: 0,
    curves: trials,
    alarmed: 0,
    exact: 0,
    width: 0,
    bias: 0,
  };
  const names = namesOf(directions);
  for (let i = 0; i < trials; i++) {
    const truth = trueCurve(random, x, directions, size);
    const { rankme } = phasesOf(measuredCurve(random, tokens, truth, errors, noise), options);
    const found = new Set(rankme.turningPoints);
    result.turns += truth.turns.length;
    truth.turns.forEach((turn, at) => {
      const kind = directions[at] > 0 ? 'maximum' : 'minimum';
      const nearest = x.findIndex((v) => v >= turn);
      const match = [...found].find(
        (point) =>
          point.kind === kind &&
          ((point.index >= nearest - 3 && point.index <= nearest + 2) ||
            Math.abs(Math.log(point.at) - turn) <= Math.log(3)),
      );
      if (match === undefined) return;
      found.delete(match);
      const [low, high] = match.interval.map(Math.log);
      result.recalled++;
      result.width += high - low;
      result.bias += Math.abs(Math.log(match.at) - turn);
      if (low <= turn && turn <= high) result.covered++;
    });
    result.false += found.size;
    if (found.size > 0) result.alarmed++;
    if (rankme.phases.map(({ name }) => name).join() === names.join()) result.exact++;
  }
  return result;
}

function namesOf(directions) {
  if (directions.length === 0) return ['flat'];
  let isSeeking = false;
  return directions.map((direction) => {
    if (direction > 0) {
      isSeeking = true;
      return 'entropy-seeking';
    }
    return isSeeking ? 'compression-seeking' : 'warmup';
  });
}
