/** Where the numbers come from, what they mean, and how to make them again. */
import type { JSX } from 'preact';
import { definitions } from '../../../src/spectrum/definitions.js';
import { CopyButton } from '../controls/copy-button.js';
import { Section } from '../controls/section.js';
import type { Source } from '../data/source.js';
import { focus, focusRun, layer, story } from '../state/store.js';
import { day } from '../state/words.js';

export function Provenance({ source }: { source: Source }): JSX.Element | null {
  const run = focusRun.value;
  const series = focus.value;
  if (!run) return null;
  const [command, ...others] = run.commands;
  return (
    <Section name="provenance" title="Provenance">
      {command !== undefined && (
        <>
          <h3>Reproduce this</h3>
          <Command text={command} />
          {others.length > 0 && (
            <details>
              <summary>Commands of the run’s other measurements ({others.length})</summary>
              {others.map((text) => (
                <Command key={text} text={text} />
              ))}
            </details>
          )}
        </>
      )}
      {run.problems.length > 0 && (
        <>
          <h3>Damaged files</h3>
          <ul class="problems">
            {run.problems.map(({ file, message }) => (
              <li key={file}>
                <code>{file}</code> {message}
              </li>
            ))}
          </ul>
        </>
      )}
      {run.failures.length > 0 && (
        <>
          <h3>Checkpoints that failed</h3>
          <ul class="problems">
            {run.failures.map(({ series: name, stage, revision, variant, message }) => (
              <li key={`${name}/${stage}/${revision}/${variant ?? ''}`}>
                <code>{revision}</code> {message}
              </li>
            ))}
          </ul>
        </>
      )}
      {series && <Details />}
      {series && <Rule />}
      <details class="definitions">
        <summary>Definitions</summary>
        <dl>
          {definitions
            .filter(({ id }) => isShown(id))
            .map(({ id, name, formula, source: origin, notes }) => (
              <div key={id}>
                <dt>
                  {name} <code>{id}</code>
                </dt>
                <dd>
                  <span class="formula">{formula}</span>
                  <small>
                    {origin}
                    {notes === '' ? '' : `. ${notes}`}
                  </small>
                </dd>
              </div>
            ))}
        </dl>
      </details>
      <p class="made">
        {source.kind === 'report' ? 'Report' : 'Page'} made {day(story.value!.made)} by eigentrace{' '}
        {story.value!.version}.
      </p>
    </Section>
  );
}

/** Definitions of the figures that this run holds, and of the ids it names. */
function isShown(id: string): boolean {
  const series = focus.value;
  const figures = series?.curves[layer.value]?.figures ?? {};
  return id in figures || (series?.definitions.ids.includes(id) ?? false);
}

function Command({ text }: { text: string }): JSX.Element {
  return (
    <div class="command">
      <code tabIndex={0}>{text}</code>
      <CopyButton label="Copy" text={() => text} />
    </div>
  );
}

function Details(): JSX.Element {
  const series = focus.value!;
  const { corpus } = series;
  const hash = (sha256: string | null | undefined) => (sha256 ? sha256.slice(0, 16) : null);
  const lengths =
    corpus && (corpus.minTokens !== null || corpus.maxTokens !== null)
      ? `more than ${corpus.minTokens ?? 0} tokens, cut at ${corpus.maxTokens ?? 'no length'}`
      : null;
  const rows: readonly (readonly [string, string | null])[] = [
    ['Run', focusRun.value?.name ?? null],
    ['Architecture', series.architecture],
    ['Parameters', series.parameters?.toLocaleString('en-US') ?? null],
    ['Position and layer', series.layers.length === 0 ? null : `${series.position} token, layer ${layer.value}`],
    [
      'Corpus',
      corpus
        ? `${corpus.name}, ${corpus.sequences.toLocaleString('en-US')} sequences of ${lengths ?? 'any length'}`
        : null,
    ],
    ['Corpus sha256', hash(corpus?.sha256)],
    ['Rows sha256', hash(corpus?.rowsSha256)],
    ['Precision and device', [series.precision, series.device].filter((part) => part !== null).join(', ') || null],
    [
      'Versions',
      Object.entries(series.versions)
        .map((pair) => pair.join(' '))
        .join(', '),
    ],
    ['Measured', [...new Set(series.created.map(day))].join(' to ')],
  ];
  return (
    <dl class="provenance-list">
      {rows.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** The rule that the phases were found by, and what it found. */
function Rule(): JSX.Element | null {
  const phases = focus.value?.phases[layer.value];
  if (!phases) return null;
  const notes = [...phases.rankme.notes, ...phases.alpha.notes, ...phases.disagreements];
  return (
    <>
      <h3>How phases were found</h3>
      <p class="prose">{phases.rankme.rule.text}</p>
      {notes.length > 0 && (
        <ul class="prose">
          {[...new Set(notes)].map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}
