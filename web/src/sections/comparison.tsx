/** The other series drawn, checkpoint by checkpoint against the one in focus. */
import type { JSX } from 'preact';
import { differences as differencesChart, type Frame } from '../../../src/charts/index.js';
import { Chart } from '../charts/chart.js';
import { Section } from '../controls/section.js';
import { differences, onSameRows } from '../state/differences.js';
import { across, focus, layer, shown } from '../state/store.js';
import { absent, checkpointText } from '../state/words.js';
import { signed, type Difference, type SeriesStory } from '../../../src/story/index.js';

export function Comparison(): JSX.Element | null {
  const of = focus.value;
  if (!of) return null;
  const others = shown.value.filter(({ id, control }) => id !== of.id && control === null);
  const tables = others.map((other) => ({ other, rows: rowsOf(of, other) })).filter(({ rows }) => rows.length > 0);
  if (tables.length === 0) return null;
  return (
    <Section
      name="comparison"
      title="Comparison"
      lead={`Differences from ${of.label} at the same stage and step, layer ${layer.value}. Hollow: not told from none at 5 % (Student's t, Holm's correction over the checkpoints).`}
    >
      {tables.map(({ other, rows }, place) => (
        <div key={other.id}>
          <h3>{other.label}</h3>
          <Caveats of={of} other={other} />
          <div class="pair">
            {(['rankme', 'alpha'] as const).map((figure) => (
              <Chart key={figure} name={`difference-${figure}-${place + 1}`} draw={draw(other.id, figure)} />
            ))}
          </div>
          <div class="table-frame" role="region" aria-label={`Differences of ${other.label}`} tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Checkpoint</th>
                  <th scope="col">Δ RankMe</th>
                  <th scope="col">Δ α</th>
                </tr>
              </thead>
              <tbody>
                {rows.map(({ at, rankme, alpha }) => (
                  <tr key={at}>
                    <th scope="row">{checkpointText(of.checkpoints[at]!)}</th>
                    <td>{rankme ? signed(rankme.value, rankme.se) : absent}</td>
                    <td>{alpha ? signed(alpha.value, alpha.se) : absent}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      ))}
    </Section>
  );
}

const draw = (id: string, figure: 'rankme' | 'alpha') => (frame: Frame) => {
  const of = focus.value!;
  const other = shown.value.find((one) => one.id === id)!;
  const found = differences(of, other, layer.value, figure);
  const drawing = differencesChart(
    {
      series: of,
      names: [other.label, of.label],
      ...{ figure, ...across.value },
      withoutErrors: found.some(({ se }) => se !== null) ? null : 'measured on other rows, or without errors',
      differences: found.map(({ value, se, verdict, at }) => {
        const { stage, step, tokens, revision } = of.checkpoints[at]!;
        return { stage, step, tokens, a: { revision }, difference: value, se, verdict };
      }),
    },
    frame,
  );
  // Which two they are stands in the heading above.
  return { ...drawing, title: drawing.title.split(': ')[0]! };
};

/** What makes the two hard to compare. */
function Caveats({ of, other }: { of: SeriesStory; other: SeriesStory }): JSX.Element | null {
  const caveats: string[] = [];
  if (!onSameRows(of, other)) caveats.push('Measured on other rows of text: differences have no standard error here.');
  if (of.definitions.version !== other.definitions.version || of.alphaRange.join() !== other.alphaRange.join()) {
    caveats.push('Measured by other definitions: the numbers are not the same thing.');
  }
  if (of.n !== other.n || of.d !== other.d) {
    caveats.push(
      `N and d differ (${of.n ?? '?'} × ${of.d ?? '?'} and ${other.n ?? '?'} × ${other.d ?? '?'}): RankMe depends on both.`,
    );
  }
  if (caveats.length === 0) return null;
  return <p class="note">{caveats.join(' ')}</p>;
}

interface Row {
  readonly at: number;
  readonly rankme: Difference | undefined;
  readonly alpha: Difference | undefined;
}

function rowsOf(of: SeriesStory, other: SeriesStory): Row[] {
  const [rankme, alpha] = [differences(of, other, layer.value, 'rankme'), differences(of, other, layer.value, 'alpha')];
  const places = [...new Set([...rankme, ...alpha].map(({ at }) => at))].sort((a, b) => a - b);
  return places.map((at) => ({
    at,
    rankme: rankme.find((one) => one.at === at),
    alpha: alpha.find((one) => one.at === at),
  }));
}
