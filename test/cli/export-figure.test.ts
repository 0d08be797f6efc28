import { describe, expect, it } from 'vitest';
import type { ExportOptions, FigureOptions } from '../../src/cli/library.js';
import { figureCharts } from '../../src/index.js';
import { exportTables } from '../../src/record/index.js';
import { type } from './fakes.js';

const asked = async (line: string) => {
  const figures: FigureOptions[] = [];
  const tables: ExportOptions[] = [];
  const result = await type(`export ${line}`, {
    library: {
      exportFigure: (_, wanted) => {
        figures.push(wanted);
        const content = wanted.out === null ? Buffer.from('<svg/>') : null;
        return Promise.resolve({ path: wanted.out, content, title: 'T', description: 'D', notes: [] });
      },
      exportRun: (_, wanted) => {
        tables.push(wanted);
        return Promise.resolve({ path: wanted.out, content: wanted.out === null ? Buffer.from('') : null, notes: [] });
      },
    },
  });
  return { ...result, figure: figures[0], table: tables[0] };
};

describe('export of charts', () => {
  it('--chart alone is an SVG; its options and their defaults', async () => {
    const { figure, stdout } = await asked('run --chart scree --at step64 --and step6000');
    expect(figure).toEqual({
      ...{
        format: 'svg',
        out: null,
        chart: 'scree',
        width: 84,
        axis: 'tokens',
        figure: null,
        at: 'step64',
        and: 'step6000',
      },
      ...{ series: null, layer: null, variant: null, logs: [], evaluations: [] },
    });
    expect(Buffer.concat(stdout.bytes).toString()).toBe('<svg/>');
  });

  it("takes the format from the file's name, and several logs", async () => {
    const { figure, stderr } = await asked(
      'run --out a.png --width 174 --x stages --log a.csv --log sft=b.csv --layer 3',
    );
    expect(figure).toMatchObject({
      format: 'png',
      chart: 'trajectory',
      width: 174,
      axis: 'stages',
      layer: '3',
      logs: ['a.csv', 'sft=b.csv'],
    });
    expect(stderr.text).toBe('written: a.png\n');
  });

  it('--json says what is drawn: the start of a caption', async () => {
    const { stdout } = await asked('run --chart trajectory --out a.svg --json');
    expect(JSON.parse(stdout.text)).toEqual({ path: 'a.svg', format: 'svg', title: 'T', description: 'D', notes: [] });
  });

  it.each([
    ['run --chart scree --format csv', /^eigentrace: --chart: is for svg and png, got --format csv/],
    ['run --chart scree --stage sft', /--stage: is for tables, got --stage sft \(expected --x stages/],
    ['run --chart scree --json', /^eigentrace: --json: stdout holds JSON alone, got --format svg/],
    [
      'run --format svg --x token',
      /--x: is not a choice, got token \(expected one of tokens, steps, compute, stages\)/,
    ],
    ['run --format svg --width 5', /--width: is not a width, got 5 \(expected a whole number ≥ 40\)/],
  ])('%s', async (line, message) => {
    const { status, stderr, figure } = await asked(line);
    expect([status, figure]).toEqual([2, undefined]);
    expect(stderr.text).toMatch(message);
  });

  it('the help lists the charts that there are', async () => {
    const { stdout } = await asked('--help');
    const help = stdout.text.replace(/\s+/g, ' ');
    for (const [name, shows] of Object.entries(figureCharts)) expect(help).toContain(`${name} (${shows})`);
    for (const [name, row] of Object.entries(exportTables)) expect(help).toContain(`${name} (${row})`);
    expect(help).toContain(`Which table: ${Object.keys(exportTables).join(', ')};`);
    expect(help).toContain('trackio.import_csv');
  });

  it('scalars for trackers are tables', async () => {
    expect((await asked('run --format wandb')).table?.format).toBe('wandb');
    expect((await asked('run --format trackio --out a.csv')).table).toMatchObject({ format: 'trackio', out: 'a.csv' });
  });
});
