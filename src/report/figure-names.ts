/** The charts that `export --chart` knows, apart from their drawing: naming them loads nothing. */
import { EigentraceError, nearest } from '../errors.js';

/** Charts by name, with what they show: the list in the help. */
export const figureCharts = {
  trajectory: 'RankMe above α over training, with phases; --figure NAME shows one figure alone',
  scree: 'the eigenspectrum of a checkpoint (--at, and --and a second one), with the α fit',
  'spectrum-map': 'the whole spectrum over training, as colour',
  'layer-map': 'a figure (--figure) at every layer over training, as colour',
  'alpha-bands': 'α in bands of ranks over training',
  downstream: 'downstream tasks over training, from RUN/tasks or --evaluations',
  'task-map': 'every task over training, as colour',
  correlations: 'tasks by figures: correlations of increments, those with a small p marked',
  'correlations-levels': 'the same of levels, which are descriptive',
  memorization: 'ρ between likelihoods and the ∞-gram over training, from RUN/memorization',
  'suffix-lengths': 'how long the suffixes are that the index holds, as shares of tokens',
  likelihoods: 'both likelihoods of every answer at the last checkpoint',
  ablation: 'what is still answered with eigen-directions removed or kept at a checkpoint (--at), from RUN/ablation',
  directions:
    'the top eigen-directions’ shares of the variance, or what is left of them since the checkpoint before (--figure overlap), from RUN/directions',
  samples: 'how texts after a prompt (--figure, its number) repeat themselves over training, from RUN/samples',
  training: 'losses and learning rate over training (--log)',
} as const;

/** Charts of what the neighbours of `trace` found: they need no geometry. */
export const findingCharts: readonly string[] = [
  ...['memorization', 'suffix-lengths', 'likelihoods', 'ablation', 'directions', 'samples', 'downstream', 'task-map'],
];

export type FigureChart = keyof typeof figureCharts;

/** `usage` errors name what is there. */
export function chartNamed(name: string): FigureChart {
  if (Object.hasOwn(figureCharts, name)) return name as FigureChart;
  const near = nearest(name, Object.keys(figureCharts)).join(', ');
  throw new EigentraceError(
    'usage',
    `--chart: no such chart, got '${name}' (expected ${near}; see eigentrace export --help)`,
  );
}
