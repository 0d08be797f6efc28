/** What the top eigen-directions are: how much they carry, what lies at their ends, and what became of them since. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { directionOverlaps, directionShares, type DirectionsInput, type Frame } from '../../../src/charts/index.js';
import type { DirectionEndStory, DirectionsPoint, DirectionsStory, DirectionStory } from '../../../src/story/index.js';
import { number } from '../../../src/charts/words.js';
import { Chart } from '../charts/chart.js';
import { besideCursor, CheckpointPick } from '../controls/checkpoint-pick.js';
import { Pick } from '../controls/pick.js';
import { Section } from '../controls/section.js';
import { useAtCursor } from '../state/at-cursor.js';
import { across, focus } from '../state/store.js';
import { absent, count } from '../state/words.js';
import { visible } from '../state/visible.js';

/** Directions whose ends are open at first. */
const open = 2;

export function Directions(): JSX.Element | null {
  const all = focus.value?.directions ?? [];
  return all.length === 0 ? null : <Shown all={all} />;
}

function Shown({ all }: { all: readonly DirectionsStory[] }): JSX.Element {
  const name = useSignal<string | null>(null);
  const directions = all.find((one) => one.name === name.value) ?? all[0]!;
  const [at, choose] = useAtCursor(directions.points);
  const point = directions.points[at]!;
  const input = (): DirectionsInput => ({ series: focus.value!, directions, ...across.value });
  const most = Math.max(...point.directions.map(({ share }) => share), 0);
  return (
    <Section
      name="directions"
      title="Eigen-directions"
      lead={`The top ${point.directions.length} of ${point.rank} directions along which ${count(point.n, 'state')} (${directions.position}) of ${directions.name} vary, of ${point.d.toLocaleString('en-US')} coordinates. A direction has no sign: ends may swap between checkpoints. A passage’s last token is the one whose state it is.`}
      controls={
        <>
          <Pick
            label="Of"
            options={all.map((one) => ({ value: one.name, text: one.name }))}
            value={directions.name}
            onChange={(value) => (name.value = value)}
          />
          <CheckpointPick points={directions.points} at={at} onChange={choose} />
        </>
      }
    >
      {directions.points.length > 1 && (
        <div class="pair">
          <Chart of={[directions]} name="direction-shares" draw={(frame: Frame) => directionShares(input(), frame)} />
          <Chart
            of={[directions]}
            name="direction-overlaps"
            draw={(frame: Frame) => directionOverlaps(input(), frame)}
          />
        </div>
      )}
      <h3>At {point.revision}</h3>
      <p class="note">{aboutOf(point)}</p>
      <ol class="directions-list">
        {point.directions.map((direction) => (
          <Direction key={direction.rank} direction={direction} most={most} />
        ))}
      </ol>
      {directions.left > 0 && (
        <p class="note">
          Tokens and passages of {count(directions.left, 'checkpoint')} left out of the page, to keep it small: they are
          in the run.
        </p>
      )}
      {point.notes.map((note) => (
        <p class="note" key={note}>
          {note}
        </p>
      ))}
    </Section>
  );
}

/** Massive coordinates, and the subspace against the checkpoint before. */
function aboutOf(point: DirectionsPoint): string {
  const { massive, moreMassive, change } = point;
  const large = massive.map(({ index, mean }) => `${index} (mean ${number(mean, 1)})`).join(', ');
  const more = moreMassive > 0 ? ` and ${moreMassive} more` : '';
  const parts = [
    massive.length === 0 ? 'No coordinate is massive' : `Massive coordinates: ${large}${more}`,
    ...(change?.subspace == null
      ? []
      : [
          `the subspace overlaps that of ${change.since} by ${change.subspace.toFixed(3)} (unrelated: ${change.chance.toFixed(3)})`,
        ]),
  ];
  return `${parts.join('; ')}.${besideCursor(point)}`;
}

function Direction({ direction, most }: { direction: DirectionStory; most: number }): JSX.Element {
  const { rank, share, carriedBy, close, change, coordinates, ends } = direction;
  const moved =
    change === null
      ? []
      : [
          `|cos| with ${rank} before ${change.overlap?.toFixed(3) ?? absent}` +
            (change.nearestRank === rank ? '' : ` (nearest: ${change.nearestRank}, ${change.nearest.toFixed(3)})`),
        ];
  const facts = [...moved, ...(close ? ['close to a neighbour: another corpus would turn it'] : [])];
  const carrying = coordinates.map(
    ({ index, share: part, massive }) => `${index} ${percent(part)}${massive ? ' (massive)' : ''}`,
  );
  return (
    <li>
      <div class="direction-head">
        <span class="rank">{rank}</span>
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${most > 0 ? (100 * share) / most : 0}%` }} />
        </span>
        <span class="share">{percent(share)} of the variance</span>
        <span class="moved">{facts.join(' · ')}</span>
      </div>
      <p class="carried">
        carried by {carriedBy.toFixed(1)} coordinates: {carrying.join(', ')}
      </p>
      {ends && (
        <details open={rank <= open}>
          <summary>
            Its two ends<span class="unseen"> of direction {rank}</span>
          </summary>
          <div class="ends">
            <End sign="+" end={ends[0]} />
            <End sign="−" end={ends[1]} />
          </div>
        </details>
      )}
    </li>
  );
}

function End({ sign, end }: { sign: '+' | '−'; end: DirectionEndStory }): JSX.Element {
  return (
    <div class="end">
      <p class="tokens">
        <span class="pole">{sign}</span>
        {end.tokens === null
          ? 'no unembedding, so no tokens'
          : end.tokens.map(({ text, logit }, i) => (
              <bdi
                class="token said"
                key={i}
                title={`logit ${logit > 0 ? '+' : '−'}${Math.abs(logit).toFixed(2)} by one standard deviation`}
              >
                {visible(text.replaceAll(' ', '␣')).trimEnd()}
              </bdi>
            ))}
      </p>
      <ul class="passages">
        {end.passages.map(({ text, score }, i) => (
          <li key={i}>
            <span class="score">
              {score < 0 ? '−' : '+'}
              {Math.abs(score).toFixed(1)}
            </span>
            <bdi class="said">{visible(text.trimStart())}</bdi>
          </li>
        ))}
      </ul>
    </div>
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
