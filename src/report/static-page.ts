/**
 * The page without its program: head, findings, the trajectory, the table, how to reproduce it. What a reader without
 * JavaScript sees, what search and screen readers find, and what the program replaces when it runs.
 */
import { findings, percent, si, withError, type SeriesFindings } from '../story/index.js';
import type { RunStory, SeriesStory, Story } from '../story/index.js';
import { markup, Html } from './html.js';
import type { DrawTrajectory } from './static-chart.js';

/** The reader's first screen and the rest, as the content of `#page`. */
export function staticPage(story: Story, title: string, draw: DrawTrajectory | undefined): Html {
  const told = findings(story);
  return markup`<main class="static">
    <h1>${title}</h1>
    ${told.map((one) => seriesPart(story, one, draw))} ${story.runs.map((run) => runPart(run, story.runs.length > 1))}
    <p class="made">Made ${story.made.slice(0, 16).replace('T', ' ')} UTC by eigentrace ${story.version}.</p>
  </main>`;
}

function seriesPart(story: Story, told: SeriesFindings, draw: DrawTrajectory | undefined): Html {
  const series = story.runs.flatMap((run) => run.series).find(({ id }) => id === told.series)!;
  const failures = story.runs.flatMap((run) => (run.id === series.run ? run.failures : []));
  return markup`<section>
    <h2>${series.label}</h2>
    <p class="finding">${told.sentence}</p>
    <p class="facts">${told.facts.join(' · ')}</p>
    ${
      told.warnings.length === 0
        ? null
        : markup`<ul class="warnings">
            ${told.warnings.map(({ text }) => markup`<li>${text}</li>`)}
          </ul>`
    }
    ${draw?.(series, told.layer, failures)}
    ${
      told.details.length === 0
        ? null
        : markup`<ul>
            ${told.details.map((text) => markup`<li>${text}</li>`)}
          </ul>`
    }
    ${series.layers.length === 0 ? null : markup`${table(series, told.layer)} ${provenance(series)}`}
  </section>`;
}

function table(series: SeriesStory, layer: string): Html {
  const { figures = {} } = series.curves[layer] ?? {};
  const figure = (name: string, at: number) => {
    const value = figures[name]?.[at] ?? null;
    return value === null ? '–' : withError(value, figures[`${name}_se`]?.[at] ?? null);
  };
  const rows = series.checkpoints.map(
    ({ stage, revision, tokens, step, flags }, at) =>
      markup`<tr>
        <td>${stage}</td>
        <th scope="row">${revision}</th>
        <td>${step ?? '–'}</td>
        <td>${tokens === null ? '–' : si(tokens)}</td>
        <td>${figure('rankme', at)}</td>
        <td>${figure('alpha', at)}</td>
        <td>${figures['r2']?.[at]?.toFixed(3) ?? '–'}</td>
        <td>${[...new Set(flags.flatMap((f) => ((f.layer ?? layer) === layer ? [f.code] : [])))].join(', ')}</td>
      </tr>`,
  );
  return markup`<table>
    <caption>
      RankMe and α at layer ${layer}, ± standard errors${nOf(series)}
    </caption>
    <thead>
      <tr>
        ${['stage', 'revision', 'step', 'tokens', 'RankMe', 'α', 'r²', 'flags'].map((name) => markup`<th scope="col">${name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

function nOf({ n, d }: SeriesStory): string {
  return n === null || d === null
    ? ''
    : `; N = ${n.toLocaleString('en-US')}, d = ${d.toLocaleString('en-US')}, N/d = ${(n / d).toPrecision(3)}`;
}

/** Of what the numbers were made. */
function provenance(series: SeriesStory): Html {
  const { definitions, alphaRange, corpus, precision, device, versions, unpaired = null } = series;
  const facts: [string, string][] = [
    [
      'Definitions',
      `version ${definitions.version}: ${definitions.ids.join(', ')}; α over ranks ${alphaRange.join('–')}`,
    ],
    [
      'Corpus',
      corpus === null
        ? 'not known'
        : `${corpus.name}, sha256 ${corpus.sha256 ?? 'not known'}, rows ${corpus.rowsSha256}`,
    ],
    ['Forward pass', `${precision ?? 'precision not known'}, ${device ?? 'device not known'}`],
    ['Model', modelWords(series)],
    [
      'Versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    ['Errors', unpaired === null ? 'delete-a-group jackknife, paired between checkpoints' : `not paired: ${unpaired}`],
  ];
  return markup`<dl>
    ${facts.map(
      ([name, value]) =>
        markup`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

function modelWords({ architecture, parameters }: SeriesStory): string {
  if (architecture === null && parameters === null) return 'not known';
  const size = parameters === null ? '' : `, ${si(parameters)} parameters`;
  return `${architecture ?? 'architecture not known'}${size}`;
}

function runPart(run: RunStory, isOneOfSeveral: boolean): Html {
  const [command, ...others] = run.commands;
  const name = isOneOfSeveral ? ` ${run.name}` : '';
  return markup`<section>
    ${
      run.failures.length === 0
        ? null
        : markup`<h2>Not measured${name}</h2>
            <ul>
              ${run.failures.map(({ revision, message }) => markup`<li>${revision}: ${message}</li>`)}
            </ul>`
    }
    ${
      run.problems.length === 0
        ? null
        : markup`<h2>Damaged files${name}</h2>
            <ul>
              ${run.problems.map(({ file, message }) => markup`<li>${file}: ${message}</li>`)}
            </ul>`
    }
    ${
      command === undefined
        ? null
        : markup`<h2>Reproduce this${name}</h2>
            <pre><code>${command}</code></pre>`
    }
    ${
      others.length === 0
        ? null
        : markup`<p>Variants beside it:</p>
            <pre><code>${others.join('\n')}</code></pre>`
    }
  </section>`;
}

/** For `<meta name="description">`: the first findings, short. */
export function descriptionOf(story: Story): string {
  const text = findings(story)
    .map(({ sentence }) => sentence)
    .join(' ');
  const failed = story.runs.reduce((sum, { failures }) => sum + failures.length, 0);
  const all = story.runs.flatMap(({ series }) => series).reduce((sum, { checkpoints }) => sum + checkpoints.length, 0);
  const rest = failed === 0 ? '' : ` ${percent(failed / (failed + all))} of the checkpoints failed.`;
  const whole = `${text}${rest}`;
  return whole.length > 300 ? `${whole.slice(0, 299)}…` : whole;
}
