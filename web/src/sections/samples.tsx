/** What it writes: the same prompt down the whole series, side by side, and how the texts repeat themselves. */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { samplesChart, type Frame } from '../../../src/charts/index.js';
import { stretchesOf, type SampledText, type SamplesPoint, type SamplesStory } from '../../../src/story/index.js';
import { Chart } from '../charts/chart.js';
import { Pick } from '../controls/pick.js';
import { Section } from '../controls/section.js';
import { placeOf } from '../state/at-cursor.js';
import { across, cursor, focus, moveCursor } from '../state/store.js';
import { absent, count, si, stageName } from '../state/words.js';
import { visible } from '../state/visible.js';

export function Samples(): JSX.Element | null {
  const all = focus.value?.samples ?? [];
  return all.length === 0 ? null : <Shown all={all} />;
}

function Shown({ all }: { all: readonly SamplesStory[] }): JSX.Element {
  const name = useSignal<string | null>(null);
  const chosen = useSignal(0);
  const samples = all.find((one) => one.name === name.value) ?? all[0]!;
  const prompt = samples.prompts[chosen.value] ? chosen.value : 0;
  const draw = (frame: Frame) => samplesChart({ series: focus.value!, samples, prompt, ...across.value }, frame);
  const { left } = samples;
  const rest = [
    ...(left.prompts > 0 ? [count(left.prompts, 'more prompt')] : []),
    ...(left.completions > 0 ? [`${count(left.completions, 'more completion')} a prompt`] : []),
  ];
  const more = rest.length === 0 ? '' : ` Left out here, but in the run: ${rest.join(', ')}.`;
  return (
    <Section
      name="samples"
      title="What it writes"
      lead={`Each checkpoint goes on with the same prompt: ${samples.name}. ⟳ is where the end of a text begins to go round, a dotted line below its further rounds; a line below a span that stands in the text twice.${more}`}
      controls={
        <>
          <Pick
            label="Prompt"
            options={samples.prompts.map(({ text }, i) => ({ value: String(i), text: promptText(text) }))}
            value={String(prompt)}
            onChange={(value) => (chosen.value = Number(value))}
          />
          <Pick
            label="Written"
            options={all.map((one) => ({ value: one.name, text: one.name }))}
            value={samples.name}
            onChange={(value) => (name.value = value)}
          />
        </>
      }
    >
      <Chart of={[samples, prompt]} name="samples" draw={draw} />
      <p class="prompt">
        <span class="role">Prompt</span> <bdi class="said">{`“${visible(samples.prompts[prompt]?.text ?? '')}”`}</bdi>
      </p>
      <Texts samples={samples} prompt={prompt} />
    </Section>
  );
}

/** Scrolls within itself so that the cursor's checkpoint is in sight; the page stays where it is. */
function Texts({ samples, prompt }: { samples: SamplesStory; prompt: number }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    if (cursor.value === null) return;
    const row = frame.current?.querySelector<HTMLElement>(`[data-place="${cursor.value}"]`);
    if (!row || !frame.current) return;
    const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
    const { scrollTop, clientHeight } = frame.current;
    if (top < scrollTop || bottom > scrollTop + clientHeight) {
      frame.current.scrollTop = Math.max(0, top - Math.max(0, (clientHeight - row.offsetHeight) / 2));
    }
  });
  return (
    <div class="texts table-frame" ref={frame} role="region" aria-label="Texts by checkpoint" tabIndex={0}>
      <ol>
        {samples.points.map((point, i) => (
          <Row key={`${point.stage}/${point.revision}`} point={point} texts={samples.points[i]!.texts[prompt] ?? []} />
        ))}
      </ol>
    </div>
  );
}

function Row({ point, texts }: { point: SamplesPoint; texts: readonly SampledText[] }): JSX.Element {
  const place = placeOf(point);
  const isHere = useComputed(() => cursor.value === placeOf(point) && cursor.value >= 0);
  const { revision, stage, tokens } = point;
  const isTold = stage === 'pretrain' || revision.toLowerCase().startsWith(stage.toLowerCase());
  const under = [...(isTold ? [] : [stageName(stage)]), ...(tokens === null ? [] : [`${si(tokens)} tokens`])].join(
    ' · ',
  );
  return (
    <li class={isHere.value ? 'at-cursor' : ''} data-place={place}>
      <div class="of">
        {place < 0 ? (
          <span>{revision}</span>
        ) : (
          <button
            type="button"
            class="link"
            aria-current={isHere.value ? 'true' : 'false'}
            onClick={() => moveCursor(place)}
          >
            {revision}
          </button>
        )}
        <small>{under}</small>
      </div>
      <div>
        {texts.length === 0 && <p class="note">nothing was written</p>}
        {texts.map((text, i) => (
          <Said key={i} text={text} />
        ))}
        {point.notes.map((note) => (
          <p class="note" key={note}>
            {note}
          </p>
        ))}
      </div>
    </li>
  );
}

function Said({ text }: { text: SampledText }): JSX.Element {
  const stretches = useMemo(() => stretchesOf(text.text, text.loop !== null), [text]);
  return (
    <>
      <p class="written">
        {text.text === '' ? (
          <span class="note">(nothing)</span>
        ) : (
          <bdi class="said">
            {stretches.map(({ text: part, mark }, i) =>
              mark === null ? (
                visible(part)
              ) : (
                <mark key={i} class={mark}>
                  {mark === 'round' && (
                    <>
                      <span class="sign" aria-hidden="true">
                        ⟳
                      </span>
                      <span class="unseen">from here it goes round: </span>
                    </>
                  )}
                  {visible(part)}
                </mark>
              ),
            )}
          </bdi>
        )}
      </p>
      <p class="figures">{figuresOf(text)}</p>
    </>
  );
}

function figuresOf({ tokens, distinct, repeat, loop, finish, isCut }: SampledText): string {
  return [
    count(tokens, 'token'),
    `distinct-1/2/3 ${distinct.map((value) => value?.toFixed(2) ?? absent).join(' ')}`,
    repeat === null ? 'no token twice' : `longest repeat ${repeat}`,
    ...(loop === null ? [] : [`loops every ${count(loop.period, 'token')} from token ${loop.from}`]),
    ...(finish === 'length' ? [] : [finish === 'end' ? 'ended' : 'stopped']),
    ...(isCut ? ['cut here'] : []),
  ].join(' · ');
}

function promptText(text: string): string {
  const characters = Array.from(visible(text));
  return characters.length <= 40 ? characters.join('') : `${characters.slice(0, 39).join('')}…`;
}
