/**
 * What a chart is: a function of data and a frame that returns a drawing. The same function serves the page (a browser's
 * document, colours as CSS custom properties) and files for papers (linkedom's document, literal colours, sizes in points).
 */

/** Where and how large a chart is drawn. */
export interface Frame {
  /** The browser's document, or linkedom's. */
  readonly document: Document;
  /** Pixels on a page, points in a file. */
  readonly width: number;
  /** Default: what suits the chart. */
  readonly height?: number;
  /** `screen`: colours are CSS custom properties of the page, light and dark; `paper`: literal colours, white ground, 7–8 pt text. */
  readonly theme: 'screen' | 'paper';
}

/** What the x axis is: training tokens (log), steps, compute (6 · parameters · tokens), or stage lanes side by side. */
export type Axis = 'tokens' | 'steps' | 'compute' | 'stages';

/** A drawn chart. */
export interface Drawing {
  readonly svg: SVGSVGElement;
  /** The finding's subject: `RankMe over training tokens`. */
  readonly title: string;
  /** For screen readers: what is drawn, its range and its extremes, in a sentence. */
  readonly description: string;
  /** Exactly what is drawn, for the CSV link. */
  readonly data: {
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | number | null)[])[];
  };
  /** Where each measurement lies in the drawing, for a cursor and hover: pixels within the svg, and what to say. */
  readonly places: readonly Place[];
  /** The plotting area within the svg in pixels: left, top, right, bottom. */
  readonly area: readonly [number, number, number, number];
}

export interface Place {
  readonly x: number;
  readonly y: number;
  /** Id of the series. */
  readonly series: string;
  /** Index of the checkpoint within its series. */
  readonly checkpoint: number;
  /** Lines of a tooltip: `step512 · 1.07B tokens`, `RankMe 101.3 ± 1.2`, `few-rows-dominate: …`. */
  readonly lines: readonly string[];
}
