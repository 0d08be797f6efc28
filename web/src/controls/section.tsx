/** A part of the page under its heading, with the controls that are its own. */
import type { ComponentChildren, JSX } from 'preact';

export interface SectionProps {
  readonly name: string;
  readonly title: string;
  /** One sentence: what is to be seen and how to read it. */
  readonly lead?: ComponentChildren;
  readonly controls?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Section({ name, title, lead, controls, children }: SectionProps): JSX.Element {
  return (
    <section class={`part ${name}`} aria-labelledby={`part-${name}`}>
      <div class="part-head">
        <h2 id={`part-${name}`}>{title}</h2>
        {controls && <div class="part-controls">{controls}</div>}
      </div>
      {lead && <p class="lead">{lead}</p>}
      {children}
    </section>
  );
}
