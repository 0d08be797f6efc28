/** The first thing read: what this is, what was found, and whether it can be trusted. */
import type { JSX } from 'preact';
import { findingsOf } from '../../../src/story/index.js';
import { ProgressBar } from '../controls/progress-bar.js';
import { factsOf } from '../state/facts.js';
import { focus, focusRun, layer, story } from '../state/store.js';
import { unbroken } from '../state/words.js';

export function Head(): JSX.Element {
  const series = focus.value;
  const run = focusRun.value;
  if (!series || !run) return <EmptyHead />;
  const { sentence, warnings } = findingsOf(series, run, layer.value);
  return (
    <section class="head" aria-label="Findings">
      <ProgressBar />
      <h1>{series.label}</h1>
      <p class="finding">{unbroken(sentence)}</p>
      <dl class="facts">
        {factsOf(series, run, layer.value).map(({ name, value, more }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value}
              {more !== '' && <small>{more}</small>}
            </dd>
          </div>
        ))}
      </dl>
      {warnings.length > 0 && (
        <ul class="warnings" aria-label="What to know before reading on">
          {warnings.map(({ code, text }) => (
            <li key={code}>
              <Sign />
              <Warning text={text} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What it is about stands out, where the text says so before a colon. */
function Warning({ text }: { text: string }): JSX.Element {
  const at = text.indexOf(': ');
  if (at < 0 || at > 64) return <span>{text}</span>;
  return (
    <span>
      <strong>{text.slice(0, at + 1)}</strong>
      {text.slice(at + 1)}
    </span>
  );
}

function Sign(): JSX.Element {
  return (
    <svg class="sign" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d="M8 1.8 15 14H1Z" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" />
      <path d="M8 6v4" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" />
      <circle cx="8" cy="12" r=".9" fill="currentColor" />
    </svg>
  );
}

/** A run that holds no measurement yet, or none that can be read. */
function EmptyHead(): JSX.Element {
  const runs = story.value?.runs ?? [];
  return (
    <section class="head" aria-label="Findings">
      <ProgressBar />
      <h1>{runs.map(({ name }) => name).join(', ') || 'No run'}</h1>
      <p class="finding">No checkpoint is measured yet.</p>
      {runs.flatMap(({ problems, failures }) => [
        ...problems.map(({ file, message }) => <p class="note" key={file}>{`${file}: ${message}`}</p>),
        ...failures.map((f) => <p class="note" key={f.revision}>{`${f.revision}: ${f.message}`}</p>),
      ])}
    </section>
  );
}
