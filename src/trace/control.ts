/**
 * Nulls: what the figures would be without what is claimed to make them, under the same N, d, layers and corpus.
 *
 *   shuffled-tokens  each sequence's tokens in a random order, one measurement a checkpoint: what is left without syntax
 *   random-init      weights drawn from the config's initialisation, once for the series: what training made
 *   gaussian         white noise in the rows' place, once for the series: what N and d make alone
 *
 * The two that don't depend on a checkpoint's weights stand beside the first of the series, with no step of their own.
 */
import type { SeriesEntry } from '../checkpoints/index.js';
import { permuteTokens, type Sequences } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import { generatorName } from '../statistics/random.js';
import { cacheFolder, weightScratch } from './cache.js';
import { openNoise } from './noise.js';
import { withRandomWeights } from './random-init.js';
import type { TraceRequest } from './request.js';
import type { Opened } from './source.js';
import type { OpenedSubject } from './subject.js';

export const controlKinds = ['shuffled-tokens', 'random-init', 'gaussian'] as const;
export type ControlKind = (typeof controlKinds)[number];

/** What is measured in a checkpoint's place, and the seed of its random numbers. */
export interface Control {
  readonly kind: ControlKind;
  readonly seed: number;
}

/** The nulls that a request asks for, each once, in the usual order. */
export function controlsOf({ control, controlSeed }: Pick<TraceRequest, 'control' | 'controlSeed'>): Control[] {
  return controlKinds.filter((kind) => control.includes(kind)).map((kind) => ({ kind, seed: controlSeed }));
}

export interface OpenedControl {
  readonly control: Control;
  readonly entry: SeriesEntry;
  /** Null when it can't be measured; then `error` says why. */
  readonly opened: Opened | null;
  readonly error: unknown;
}

/**
 * The nulls of a request: one a checkpoint of those that are opened, or one in all. `first` is where those go that belong
 * to no checkpoint. Nothing is drawn yet.
 */
export async function openControls(
  request: TraceRequest,
  opened: readonly Opened[],
  first: SeriesEntry,
): Promise<OpenedControl[]> {
  const [example] = opened;
  if (!example) return [];
  const apart: SeriesEntry = { ...first, step: null, tokens: null };
  const found: OpenedControl[] = [];
  const permuted = new Map<Sequences, Sequences>();
  for (const control of controlsOf(request)) {
    const { kind, seed } = control;
    if (kind === 'shuffled-tokens') {
      for (const each of opened) {
        const open = () => Promise.resolve(withPermutedTokens(modelOf(each, kind), seed, permuted));
        found.push(await attempt(control, each.entry, open));
      }
    } else if (kind === 'random-init') {
      const folder = weightScratch(cacheFolder());
      const open = () => withRandomWeights({ ...modelOf(example, kind), entry: apart }, seed, folder);
      found.push(await attempt(control, apart, open));
    } else {
      const noise = openNoise(apart, sizeOf(example, request), layerOf(example), seed);
      found.push({ control, entry: apart, opened: noise, error: null });
    }
  }
  return found;
}

/** A null that can't be opened is a failure of its own. */
async function attempt(control: Control, entry: SeriesEntry, open: () => Promise<Opened>): Promise<OpenedControl> {
  try {
    return { control, entry, opened: await open(), error: null };
  } catch (error) {
    return { control, entry, opened: null, error };
  }
}

function withPermutedTokens(opened: OpenedSubject, seed: number, known: Map<Sequences, Sequences>): OpenedSubject {
  const special = opened.special();
  let sequences = known.get(opened.sequences);
  if (!sequences) {
    sequences = permuteTokens(opened.sequences, seed, special);
    known.set(opened.sequences, sequences);
  }
  const kept = { leading: [...special.leading], trailing: [...special.trailing] };
  return { ...opened, sequences, control: { kind: 'shuffled-tokens', seed, generator: generatorName, kept } };
}

function modelOf(opened: Opened, kind: ControlKind): OpenedSubject {
  if (opened.kind === 'model') return opened;
  // check-request.ts has refused it.
  throw new EigentraceError('internal', `internal: ${kind} needs a model, got ${opened.kind}`);
}

/** Rows and columns of a checkpoint's representations. */
function sizeOf(opened: Opened, request: TraceRequest): { n: number; d: number } {
  if (opened.kind !== 'model') return { n: opened.n, d: opened.d };
  const { sequences, model } = opened;
  return { n: request.position === 'all' ? sequences.tokens : sequences.found, d: model.width };
}

/** The last layer that was asked for: `final` where it is among them. */
function layerOf(opened: Opened): string {
  if (opened.kind === 'noise') return opened.layer;
  const names = opened.kind === 'model' ? opened.layers.map(String) : [...opened.layers.keys()];
  return names.includes('final') ? 'final' : names.at(-1)!;
}
