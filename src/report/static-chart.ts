/** The trajectory as SVG in the page's own text, drawn with linkedom in place of a browser's document. */
import type { Failure, SeriesStory } from '../story/index.js';
import { Html, markup } from './html.js';

const width = 860;

/** Draws a series at a layer. */
export type DrawTrajectory = (series: SeriesStory, layer: string, failures: readonly Failure[]) => Html;

/**
 * RankMe above, α below, with titles and descriptions for those who can't see them; nothing where all is absent. What
 * draws is loaded only now: most commands draw nothing.
 */
export async function trajectoryDrawer(): Promise<DrawTrajectory> {
  const [{ parseHTML }, { trajectory }] = await Promise.all([import('linkedom'), import('../charts/index.js')]);
  return (series, layer, failures) => {
    const { document } = parseHTML('<!doctype html><html><body></body></html>');
    const drawings = ['rankme', 'alpha'].flatMap((figure) => {
      if (series.curves[layer]?.figures[figure]?.some((value) => value !== null) !== true) return [];
      return [trajectory({ series: [series], figure, layer, failures }, { document, width, theme: 'screen' })];
    });
    return markup`${drawings.map(({ svg, title, description }) => {
      // linkedom leaves `<` in attributes as it is: the label is put in escaped.
      svg.removeAttribute('role');
      svg.removeAttribute('aria-label');
      const drawn = new Html(svg.outerHTML.replace(/^<svg/, ''));
      const label = `${title}. ${description}`;
      return markup`<figure><svg role="img" aria-label="${label}"${drawn}<figcaption>${title}</figcaption></figure>`;
    })}`;
  };
}
