/**
 * Colours and sizes of charts and of the page around them, once: the page's CSS custom properties are made from
 * `tokens`, and a file for papers takes the light values as they are. Series have the hues of Okabe and Ito, made darker
 * (light) or lighter (dark) until text in them has a contrast of 4.5 with the ground; a test holds it.
 * Phases are three quiet tints, grey, warm and cool, that differ in print too.
 */
import type { Frame } from './chart.js';
import { ems } from './text-width.js';

/** Names of the CSS custom properties. */
export type Token =
  | '--ink'
  | '--ink-2'
  | '--ink-3'
  | '--ground'
  | '--panel'
  | '--rule'
  | '--grid'
  | '--accent'
  | '--focus'
  | '--warn'
  | `--series-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`
  | '--phase-warmup'
  | '--phase-entropy'
  | '--phase-compression';

export type Scheme = 'light' | 'dark';

export const tokens: Readonly<Record<Scheme, Readonly<Record<Token, string>>>> = {
  light: {
    '--ink': '#1b1f24',
    '--ink-2': '#535b65',
    '--ink-3': '#666e78',
    '--ground': '#ffffff',
    '--panel': '#f6f7f8',
    '--rule': '#8b939c',
    '--grid': '#e3e6e9',
    '--accent': '#0068a5',
    '--focus': '#0068a5',
    '--warn': '#a8410a',
    '--series-1': '#0068a5',
    '--series-2': '#b94700',
    '--series-3': '#007a58',
    '--series-4': '#a5487c',
    '--series-5': '#8a5f00',
    '--series-6': '#25779f',
    '--series-7': '#6b6400',
    '--series-8': '#4a4a4a',
    '--phase-warmup': '#e9ebed',
    '--phase-entropy': '#fbeeda',
    '--phase-compression': '#dfecf8',
  },
  dark: {
    '--ink': '#e8eaed',
    '--ink-2': '#a9b1ba',
    '--ink-3': '#8f98a2',
    '--ground': '#14171b',
    '--panel': '#1c2026',
    '--rule': '#6f7882',
    '--grid': '#2b3037',
    '--accent': '#5fb2f2',
    '--focus': '#8cc8f8',
    '--warn': '#ff9a63',
    '--series-1': '#5fb2f2',
    '--series-2': '#ff8a45',
    '--series-3': '#35c79b',
    '--series-4': '#e493c0',
    '--series-5': '#f0b429',
    '--series-6': '#9bd6f7',
    '--series-7': '#e6dd55',
    '--series-8': '#c4c9cf',
    '--phase-warmup': '#262a30',
    '--phase-entropy': '#33291b',
    '--phase-compression': '#1a2a3a',
  },
};

/** What a chart paints with: colours as CSS takes them, sizes in the frame's unit. */
export interface Paint {
  readonly ink: string;
  readonly ink2: string;
  readonly ink3: string;
  readonly ground: string;
  readonly rule: string;
  readonly grid: string;
  readonly warn: string;
  /** Colour of the series numbered from 0; the eight go round. */
  readonly series: (index: number) => string;
  /** Tint behind a phase; null for those that are left white. */
  readonly phase: (name: string) => string | null;
  readonly font: string;
  /** Text, and tick labels and names at the edge. */
  readonly size: number;
  readonly small: number;
  readonly line: number;
  readonly hairline: number;
  readonly dot: number;
  /** Width of a line of text, by default small; an estimate, of the widest font that a page may get. */
  readonly measure: (text: string, size?: number) => number;
}

const phaseTokens: Readonly<Record<string, Token>> = {
  warmup: '--phase-warmup',
  'entropy-seeking': '--phase-entropy',
  'compression-seeking': '--phase-compression',
};

/** The family of the font that files for papers carry. */
export const paperFont = 'Inter';

export function paintOf(frame: Pick<Frame, 'theme' | 'width'>): Paint {
  const isPaper = frame.theme === 'paper';
  const colour = (name: Token) => (isPaper ? tokens.light[name] : `var(${name})`);
  const isNarrow = frame.width < 480;
  const small = isPaper ? 7 : isNarrow ? 11 : 12;
  // A file for papers has its own font, which is narrower.
  const condensed = isPaper ? 0.94 : 1;
  return {
    ink: colour('--ink'),
    ink2: colour('--ink-2'),
    ink3: colour('--ink-3'),
    ground: colour('--ground'),
    rule: colour('--rule'),
    grid: colour('--grid'),
    warn: colour('--warn'),
    series: (index) => colour(`--series-${((index % 8) + 1) as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`),
    phase: (name) => {
      const token = phaseTokens[name];
      return token === undefined ? null : colour(token);
    },
    font: isPaper ? paperFont : 'inherit',
    size: isPaper ? 7.5 : isNarrow ? 12 : 13,
    small,
    line: isPaper ? 1 : 1.8,
    hairline: isPaper ? 0.5 : 1,
    dot: isPaper ? 1.5 : 3,
    measure: (text, size = small) => ems(text) * size * condensed,
  };
}

/** Literal value of a custom property, for drawings that leave the page: `var(--ink)` or `--ink`. */
export function literal(name: string, scheme: Scheme): string {
  const token = name.replace(/^var\((.*)\)$/, '$1').trim();
  return (tokens[scheme] as Readonly<Record<string, string>>)[token] ?? name;
}

/** The custom properties of a scheme as declarations of CSS. */
export function declarations(scheme: Scheme): string {
  return Object.entries(tokens[scheme])
    .map(([name, value]) => `${name}: ${value};`)
    .join('\n');
}
