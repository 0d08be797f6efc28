// How far the rule of phases can be trusted: recall of known turning points, false ones, false alarms on monotone and flat
// curves, and how many intervals hold the truth, on simulated curves with the errors of the sample and training noise.
// Prints the tables of docs/phases.md; the seed fixes every number.
//   npm run build; node bench/phases.mjs [--trials 150] [--seed 1]
import { parseArgs } from 'node:util';
import { phasesOf } from '../dist/phases/index.js';
import { curvesOf, listMeasurements, openRun } from '../dist/record/index.js';
import { studentQuantile } from '../dist/statistics/index.js';
import { errorCurves, trial } from './simulated-curves.mjs';

const { values } = parseArgs({ options: { trials: { type: 'string' }, seed: { type: 'string' } } });
const trials = Number(values.trials ?? 150);
const seed = Number(values.seed ?? 1);

const run = await openRun(new URL('../test/golden/runs/demo', import.meta.url).pathname);
const { curves } = curvesOf(await listMeasurements(run), { stage: 'pretrain' });
const trained = curves[0].points.filter(({ tokens }) => tokens > 0);
const errors = errorCurves(trained.map(({ tokens, replicates }) => ({ tokens, replicates: replicates.rankme })));

const grids = { doubling: '15, doubling', even: '24, even', published: "153, Pythia's", sparse: '9, fourfold' };
const percent = (part, of) => (of === 0 ? '–' : `${((100 * part) / of).toFixed(part === of || part === 0 ? 0 : 1)} %`);
const rate = (count, of) => (count / of).toFixed(2);

/** One row of a table: the outcome of a kind of curve. */
function outcome(rule, checkpoints, shape, size, training, options) {
  // A curve of 153 checkpoints takes as long as ten of the others.
  const count = checkpoints === 'published' ? Math.ceil(trials / 4) : trials;
  return trial(rule, errors, { shape, size, checkpoints, noise: { training }, trials: count, seed, options });
}

console.log(`seed ${seed}, ${trials} curves a row (a quarter of that for 153 checkpoints)\n`);
console.log(
  '| curves | stretches | checkpoints | training noise | recall | false a curve | phases right | intervals that hold the truth | their width |',
);
console.log('|---|---|---|--:|--:|--:|--:|--:|--:|');
for (const [shape, size, noises] of [
  ['dip and rise', [0.8, 2.5], [0, 0.02]],
  ['three phases', [0.8, 2.5], [0, 0.02]],
  ['three phases', [0.15, 0.4], [0, 0.01, 0.03]],
  ['four phases', [0.15, 2.5], [0.01]],
]) {
  for (const checkpoints of shape === 'four phases' ? ['doubling', 'even', 'published'] : Object.keys(grids)) {
    for (const training of noises) {
      const o = outcome(phasesOf, checkpoints, shape, size, training, {});
      const cells = [percent(o.recalled, o.turns), rate(o.false, o.curves), percent(o.exact, o.curves)];
      const places = [percent(o.covered, o.recalled), `× ${Math.exp(o.width / o.recalled).toFixed(1)}`];
      const row = [shape, size.join('–'), grids[checkpoints], percent(training, 1), ...cells, ...places];
      console.log(`| ${row.join(' | ')} |`);
    }
  }
}

console.log(
  '\n| curves | checkpoints | training noise | curves with a false turning point | of them without the scatter | phases right | without the scatter |',
);
console.log('|---|---|--:|--:|--:|--:|--:|');
for (const [shape, size] of [
  ['monotone rise', [0.3, 2]],
  ['monotone fall', [0.3, 2]],
  ['flat', [0, 0]],
]) {
  for (const checkpoints of ['doubling', 'even', 'published']) {
    for (const training of [0, 0.01, 0.02, 0.05]) {
      const [o, without] = [true, false].map((scatter) =>
        outcome(phasesOf, checkpoints, shape, size, training, { scatter }),
      );
      const row = [shape, grids[checkpoints], percent(training, 1), percent(o.alarmed, o.curves)];
      row.push(
        percent(without.alarmed, without.curves),
        percent(o.exact, o.curves),
        percent(without.exact, without.curves),
      );
      console.log(`| ${row.join(' | ')} |`);
    }
  }
}

console.log(
  '\n| place of a turning point | stretches | checkpoints | training noise | intervals that hold the truth | their width |',
);
console.log('|---|---|---|--:|--:|--:|');
for (const [name, rule] of [
  ['parabola through 7', throughSeven],
  ['ours', phasesOf],
]) {
  for (const [size, training] of [
    [[0.8, 2.5], 0],
    [[0.15, 0.4], 0.01],
  ]) {
    for (const checkpoints of Object.keys(grids)) {
      const o = outcome(rule, checkpoints, 'three phases', size, training, {});
      const row = [name, size.join('–'), grids[checkpoints], percent(training, 1), percent(o.covered, o.recalled)];
      console.log(`| ${row.join(' | ')} | × ${Math.exp(o.width / o.recalled).toFixed(1)} |`);
    }
  }
}

/** Our turning points at the places that a parabola through 7 checkpoints gives them, however the curve bends. */
function throughSeven(points, options) {
  const found = phasesOf(points, options);
  const x = points.map(({ tokens }) => Math.log(tokens));
  const turningPoints = found.rankme.turningPoints.map((point) => {
    const i = point.index;
    const at = [...x.keys()].filter((j) => Math.abs(j - i) <= 3);
    const vertex = (values) => {
      const [, b, c] = leastSquares(
        at.map((j) => x[j] - x[i]),
        at.map((j) => values[j]),
      );
      const bends = point.kind === 'maximum' ? c < 0 : c > 0;
      return bends ? Math.min(x[i + 1], Math.max(x[i - 1], x[i] - b / (2 * c))) : x[i];
    };
    const place = vertex(points.map(({ rankme }) => Math.log(rankme)));
    const K = points[0].replicates.rankme.length;
    const replicates = Array.from({ length: K }, (_, k) => vertex(points.map((p) => Math.log(p.replicates.rankme[k]))));
    const mean = replicates.reduce((a, b) => a + b) / K;
    const se = Math.sqrt(((K - 1) / K) * replicates.reduce((sum, v) => sum + (v - mean) ** 2, 0));
    const half = studentQuantile(0.975, K - 1) * se;
    const interval = [place - Math.max(half, x[i] - x[i - 1]), place + Math.max(half, x[i + 1] - x[i])].map(Math.exp);
    return { ...point, at: Math.exp(place), interval };
  });
  return { ...found, rankme: { ...found.rankme, turningPoints } };
}

/** a + b·u + c·u² by the normal equations, Cramer's rule. */
function leastSquares(u, y) {
  const s = [0, 1, 2, 3, 4].map((p) => u.reduce((sum, v) => sum + v ** p, 0));
  const t = [0, 1, 2].map((p) => u.reduce((sum, v, i) => sum + v ** p * y[i], 0));
  const rows = [0, 1, 2].map((i) => [s[i], s[i + 1], s[i + 2]]);
  const det = (m) =>
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
    m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
    m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  const whole = det(rows);
  return [0, 1, 2].map((column) => det(rows.map((row, i) => row.map((v, j) => (j === column ? t[i] : v)))) / whole);
}
