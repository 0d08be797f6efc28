/** Every checkpoint in numbers: sortable, and to be taken along. */
import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { CopyButton } from '../controls/copy-button.js';
import { Section } from '../controls/section.js';
import { csv, save } from '../data/save.js';
import type { Source } from '../data/source.js';
import { curves, cursor, focus, keyOf, layer, moveCursor } from '../state/store.js';
import { flagsAt, order, tidy, type Column, type Sort } from '../state/table.js';
import { absent, figureText, reasonOf, si, stageName } from '../state/words.js';

const names: Readonly<Record<Column, string>> = {
  ...{ place: '#', revision: 'Revision', stage: 'Stage', step: 'Step', tokens: 'Tokens', rankme: 'RankMe', alpha: 'α' },
  ...{ r2: 'r²', nll: 'NLL', flags: 'Flags' },
};

export function Table({ source }: { source: Source }): JSX.Element | null {
  const sort = useSignal<Sort>({ column: 'place', descending: false });
  const series = focus.value;
  const figures = curves.value;
  if (!series || !figures || series.checkpoints.length === 0) return null;
  const has = (figure: string) => figures.figures[figure]?.some((value) => value !== null) ?? false;
  const columns: Column[] = [
    ...(['place', 'revision'] as const),
    ...(series.stages.length > 1 ? (['stage'] as const) : []),
    ...(series.checkpoints.some(({ step }) => step !== null) ? (['step'] as const) : []),
    ...(series.checkpoints.some(({ tokens }) => tokens !== null) ? (['tokens'] as const) : []),
    ...(['rankme', 'alpha', 'r2'] as const),
    ...(has('nll') ? (['nll'] as const) : []),
    'flags',
  ];
  const rows = order(series, layer.value, sort.value);
  const text = () => {
    const table = tidy(series, layer.value, rows);
    return csv(table.columns, table.rows);
  };
  const sortBy = (column: Column) => {
    const again = sort.value.column === column;
    sort.value = { column, descending: again && !sort.value.descending };
  };
  const whole = source.address('api/export.csv', { series: series.id });
  const controls = (
    <>
      <CopyButton label="Copy as CSV" text={text} />
      <button type="button" class="quiet" onClick={() => save(`${series.name}-${layer.value}.csv`, 'text/csv', text())}>
        Download CSV
      </button>
      {whole !== null && series.layers.length > 1 && (
        <a class="quiet" href={whole} download>
          All layers
        </a>
      )}
    </>
  );
  return (
    <Section
      name="table"
      title={series.layers.length > 1 ? `Table, layer ${layer.value}` : 'Table'}
      controls={controls}
    >
      <div class="table-frame" role="region" aria-label="Table of checkpoints" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <Heading key={column} column={column} sort={sort.value} onSort={() => sortBy(column)} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((i) => (
              <Row key={keyOf(series.checkpoints[i]!)} columns={columns} index={i} />
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

interface HeadingProps {
  readonly column: Column;
  readonly sort: Sort;
  readonly onSort: () => void;
}

function Heading({ column, sort, onSort }: HeadingProps): JSX.Element {
  const sorted = sort.column === column ? (sort.descending ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" class={column} aria-sort={sorted}>
      <button type="button" onClick={onSort}>
        {names[column]}
        {column === 'place' && <span class="unseen"> (order of training)</span>}
        <span class="arrow" aria-hidden="true">
          {{ none: '', ascending: '↑', descending: '↓' }[sorted]}
        </span>
      </button>
    </th>
  );
}

/** Knows of the cursor only whether it is here, so that a move draws two rows again and not the table. */
function Row({ columns, index }: { columns: readonly Column[]; index: number }): JSX.Element {
  const isHere = useComputed(() => cursor.value === index);
  return (
    <tr class={isHere.value ? 'at-cursor' : ''}>
      {columns.map((column) => (
        <Cell key={column} column={column} index={index} isHere={isHere.value} />
      ))}
    </tr>
  );
}

function Cell({ column, index, isHere }: { column: Column; index: number; isHere: boolean }): JSX.Element {
  const series = focus.value!;
  const checkpoint = series.checkpoints[index]!;
  if (column === 'revision') {
    return (
      <th scope="row" class="revision">
        <button type="button" class="link" aria-current={isHere ? 'true' : 'false'} onClick={() => moveCursor(index)}>
          {checkpoint.revision}
        </button>
      </th>
    );
  }
  if (column === 'flags') {
    return (
      <td class="flags">
        {flagsAt(series, layer.value, index).map(({ code, message }) => (
          <span key={code + message} class="flag">
            <strong>{code}</strong> {message}
          </span>
        ))}
      </td>
    );
  }
  if (column === 'place') return <td class="place">{index + 1}</td>;
  if (column === 'stage') return <td class="stage">{stageName(checkpoint.stage)}</td>;
  if (column === 'step') return <td class="step">{checkpoint.step?.toLocaleString('en-US') ?? absent}</td>;
  if (column === 'tokens') return <td class="tokens">{checkpoint.tokens === null ? absent : si(checkpoint.tokens)}</td>;
  const figures = curves.value!;
  const value = figures.figures[column]?.[index] ?? null;
  const reason = value === null ? reasonOf(figures, column, index) : null;
  if (value === null) {
    return (
      <td class={column}>
        <span title={reason ?? 'not measured'}>{absent}</span>
        {reason !== null && <span class="unseen"> {reason}</span>}
      </td>
    );
  }
  return (
    <td class={column}>
      {column === 'r2' || column === 'nll' ? value.toFixed(3) : figureText(figures, column, index)}
    </td>
  );
}
