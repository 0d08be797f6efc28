/**
 * What a reader looks at, apart from the data: it stands in the URL, so that a link shows the same view, and names things
 * by revision rather than by place, so that it holds while measurements arrive.
 */
import type { Axis } from '../../../src/charts/index.js';

export interface View {
  /** The series that the head, the spectrum and the table are of; null: the first. */
  readonly focus: string | null;
  /** Series drawn in the trajectory; null: what suits the run. */
  readonly shown: readonly string[] | null;
  readonly layer: string | null;
  /** What the upper chart shows: `rankme`, or another figure. */
  readonly figure: string;
  readonly axis: Axis;
  /** Ends of the x axis in its own unit; null: all of it. */
  readonly zoom: readonly [number, number] | null;
  /** `stage/revision` at the cursor; null: the end of pretraining, also as it goes on. */
  readonly at: string | null;
  /** `stage/revision` overlaid in the spectrum. */
  readonly pinned: string | null;
}

export const axes: readonly Axis[] = ['tokens', 'steps', 'compute', 'stages'];

export const defaultView: View = {
  ...{ focus: null, shown: null, layer: null, figure: 'rankme', axis: 'tokens', zoom: null, at: null, pinned: null },
};

/** A view as URL parameters; what is as usual is left out. */
export function viewToParameters(view: View): URLSearchParams {
  const parameters = new URLSearchParams();
  if (view.focus !== null) parameters.set('series', view.focus);
  if (view.shown !== null) for (const id of view.shown.length > 0 ? view.shown : ['']) parameters.append('show', id);
  if (view.layer !== null) parameters.set('layer', view.layer);
  if (view.figure !== defaultView.figure) parameters.set('figure', view.figure);
  if (view.axis !== defaultView.axis) parameters.set('axis', view.axis);
  // In full: rounded ends would leave out the checkpoints that stand at them.
  if (view.zoom) parameters.set('zoom', view.zoom.join('..'));
  if (view.at !== null) parameters.set('at', view.at);
  if (view.pinned !== null) parameters.set('pin', view.pinned);
  return parameters;
}

/** The view of URL parameters. They are typed by anyone: what can't be read is as if it weren't there. */
export function viewFromParameters(parameters: URLSearchParams): View {
  const axis = axes.find((name) => name === parameters.get('axis'));
  const ends = (parameters.get('zoom') ?? '').split('..').map(Number);
  const [from, to] = ends;
  const zoomed = ends.length === 2 && Number.isFinite(from) && Number.isFinite(to) && from! < to!;
  return {
    focus: parameters.get('series'),
    shown: parameters.has('show') ? parameters.getAll('show').filter((id) => id !== '') : null,
    layer: parameters.get('layer'),
    figure: parameters.get('figure') ?? defaultView.figure,
    axis: axis ?? defaultView.axis,
    zoom: zoomed ? [from!, to!] : null,
    at: parameters.get('at'),
    pinned: parameters.get('pin'),
  };
}
