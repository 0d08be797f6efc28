/** The series that can be drawn, each a button that toggles it; the mark says its colour, the button whether it is on. */
import type { JSX } from 'preact';
import { candidates, colours, focus, look, shown } from '../state/store.js';

export function Legend(): JSX.Element {
  const on = shown.value.map(({ id }) => id);
  const toggle = (id: string) => look({ shown: on.includes(id) ? on.filter((other) => other !== id) : [...on, id] });
  return (
    <div class="legend" role="group" aria-label="Series drawn">
      {candidates.value.map(({ id, label }) => (
        <button key={id} type="button" aria-pressed={on.includes(id)} onClick={() => toggle(id)}>
          <span class="swatch" style={{ '--swatch': `var(--series-${((colours.value[id] ?? 0) % 8) + 1})` }} />
          {label}
          {id === focus.value?.id && candidates.value.length > 2 ? <small> in focus</small> : null}
        </button>
      ))}
    </div>
  );
}
