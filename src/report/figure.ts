/** `eigentrace export --format svg|png`: one chart of a run as a file for papers. */
import { writeAtomic } from '../bytes/index.js';
import type { Axis, Frame } from '../charts/index.js';
import { EigentraceError, nearest } from '../errors.js';
import { joined, readEvaluations } from '../evaluation/index.js';
import type { LayerSpectra, SeriesStory } from '../story/index.js';
import { readTrainingLog } from '../training/index.js';
import { chartNamed, findingCharts } from './figure-names.js';
import { figurePng, figureSvg, pointsOf } from './figure-file.js';
import { StoryReader } from './read-story.js';
import { readSpectra } from './spectra.js';

export interface FigureOptions {
  /** Name of a chart: a key of `figureCharts`. */
  chart: string;
  format: 'svg' | 'png';
  /** Width in mm: 84 is one column, 174 two. */
  width: number;
  /** The file written; null returns the content. */
  out: string | null;
  axis: Axis;
  /** A figure's name; null: what suits the chart. */
  figure: string | null;
  /** Revisions of a scree plot; null: the last checkpoint alone. */
  at: string | null;
  and: string | null;
  /** Name of a series, a layer, a variant; null: the first series, its final layer, its main request. */
  series: string | null;
  layer: string | null;
  variant: string | null;
  /** Training logs, `FILE` or `STAGE=FILE`. */
  logs: readonly string[];
  /** Result files of lm-evaluation-harness: files, folders, globs. */
  evaluations: readonly string[];
}

export interface FigureResult {
  path: string | null;
  content: Uint8Array | null;
  title: string;
  /** What is drawn, in words: the start of a caption. */
  description: string;
  notes: readonly string[];
}

export async function exportFigure(run: string, options: FigureOptions): Promise<FigureResult> {
  chartNamed(options.chart);
  // The story's version shows on pages only.
  const { story, sources } = await new StoryReader([run], { version: '' }).read();
  const told = story.runs[0]!;
  const notes = told.problems.map(({ file, message }) => `left out: ${file}: ${message}`);
  const series = chooseSeries(told.series, options);
  const layer = options.layer ?? (series.layers.includes('final') ? 'final' : (series.layers.at(-1) ?? 'final'));
  const logs = await Promise.all(options.logs.map(readTrainingLog));
  const evaluations = await Promise.all(options.evaluations.map(readEvaluations));
  notes.push(...evaluations.flatMap((read) => read.notes));
  const spectra = async (): Promise<LayerSpectra> => {
    const read = await readSpectra(series.id, sources.get(series.id) ?? [], layer);
    notes.push(...read.problems.map(({ message }) => `left out: ${message}`));
    return read.spectra;
  };
  // Loaded when a chart is drawn: all else that the library does needs neither Plot nor a document.
  const [{ parseHTML }, { drawFigure }] = await Promise.all([import('linkedom'), import('./figure-charts.js')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const frame: Frame = { document, width: pointsOf(options.width), theme: 'paper' };
  const drawing = await drawFigure(
    options,
    {
      ...{ series, layer, spectra, logs, failures: told.failures },
      controls: told.series.filter(
        (other) => other.control !== null && other.name === series.name && other.curves[layer] !== undefined,
      ),
      downstream: evaluations.flatMap(({ curves }) => curves),
      tasks: joined(
        series.downstream,
        evaluations.flatMap(({ curves }) => curves),
      ),
    },
    frame,
  );
  const content = options.format === 'png' ? await figurePng(drawing) : Buffer.from(await figureSvg(drawing));
  const { title, description } = drawing;
  if (options.out === null) return { path: null, content, title, description, notes };
  await writeAtomic(options.out, content);
  return { path: options.out, content: null, title, description, notes };
}

/** The series asked for that has the layer; a layer map takes the one with the most layers. */
function chooseSeries(all: readonly SeriesStory[], options: FigureOptions): SeriesStory {
  const { series: name, layer, variant, chart } = options;
  const refuse = (option: string, value: string, known: readonly string[]) => {
    const near = nearest(value, new Set(known)).join(', ') || 'nothing: the run holds no measurement';
    return new EigentraceError('usage', `--${option}: the run has none such, got '${value}' (expected ${near})`);
  };
  const named = all.filter((series) => series.name === (name ?? series.name));
  if (name !== null && named.length === 0)
    throw refuse(
      'series',
      name,
      all.map((series) => series.name),
    );
  const chosen = named.filter((series) => (variant === null ? series.control === null : series.variant === variant));
  if (variant !== null && chosen.length === 0)
    throw refuse(
      'variant',
      variant,
      named.flatMap((series) => series.variant ?? []),
    );
  const layered = chosen.filter((series) => layer === null || series.layers.includes(layer));
  if (layer !== null && layered.length === 0)
    throw refuse(
      'layer',
      layer,
      chosen.flatMap(({ layers }) => layers),
    );
  const most = Math.max(0, ...layered.map(({ layers }) => layers.length));
  const found = chart === 'layer-map' ? layered.find(({ layers }) => layers.length === most) : layered[0];
  if (found === undefined || (found.layers.length === 0 && !findingCharts.includes(chart))) {
    throw new EigentraceError('input', 'RUN: holds no measurement to draw (expected a run that trace filled)');
  }
  return found;
}
