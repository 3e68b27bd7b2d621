import { AreaChart, BarChart, LineChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import { Card, Center, ColorSwatch, Table, Text, Title } from '@mantine/core';
import type { ChartWindow } from '@mevrik/protocol';
import classes from '../shared/admin.module.css';
import { chartTicks, sayTick, sayTime } from './chart-times.ts';

/** What there is of an instant: the values of the series, by their names. */
export type ChartRow = { readonly at: string } & Readonly<Record<string, string | number | null>>;

/** Figures over time. */
export interface Chart {
  readonly title: string;
  readonly kind: 'areas' | 'line' | 'dots' | 'bars';
  readonly rows: readonly ChartRow[];
  readonly series: readonly { readonly name: string; readonly label: string; readonly color: string }[];
  /** A value as people read it. */
  readonly say: (value: number) => string;
  /** The least and the greatest value, where they are known beforehand. */
  readonly range?: readonly [number, number];
  /** What it means that there is nothing. */
  readonly nothing?: string;
}

const height = 190;

/** The steps in which something happened: something was counted, or there was something to measure. */
export function busyRows({ kind, rows, series }: Chart): readonly ChartRow[] {
  const isCounted = kind === 'areas' || kind === 'bars';
  return rows.filter((row) =>
    series.some(({ name }) => (isCounted ? Number(row[name] ?? 0) > 0 : typeof row[name] === 'number')),
  );
}

/** A chart with its name and its legend; or the same figures as a table. */
export function ChartCard(props: { chart: Chart; window: ChartWindow; asTable: boolean }) {
  const { chart, window, asTable } = props;
  const { title, series, nothing = 'Nothing happened in this time.' } = chart;
  return (
    <Card withBorder component="section" aria-label={title}>
      <Title order={3} mb="sm" fz={15}>
        {title}
      </Title>
      {busyRows(chart).length === 0 ? (
        <Center className={classes.nothing} mih={height}>
          <Text size="sm" c="dimmed">
            {nothing}
          </Text>
        </Center>
      ) : asTable ? (
        <FigureTable chart={chart} window={window} />
      ) : (
        <>
          <div role="img" aria-label={inWords(chart, window)}>
            <Drawing chart={chart} window={window} />
          </div>
          <ul className={classes.legend}>
            {series.map(({ name, label, color }) => (
              <li key={name}>
                <ColorSwatch
                  color={`var(--mantine-color-${color.replace('.', '-')})`}
                  size={10}
                  withShadow={false}
                />
                {label}
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

function Drawing({ chart, window }: { chart: Chart; window: ChartWindow }) {
  const { kind, rows, series, say, range } = chart;
  const common = {
    h: height,
    dataKey: 'at',
    data: [...rows],
    series: [...series],
    valueFormatter: say,
    gridProps: { syncWithTicks: true },
    xAxisProps: {
      ticks: chartTicks(
        rows.map(({ at }) => at),
        window,
      ),
      tickFormatter: sayTick(window),
      interval: 'preserveStart' as const,
    },
    yAxisProps: {
      width: 54,
      ...(range && { domain: [...range], ticks: [1, 2, 3, 4, 5], interval: 0 as const }),
    },
    // Without a pointer on the chart there is no instant to tell of.
    tooltipProps: { labelFormatter: (at: unknown) => (typeof at === 'string' ? sayTime(window)(at) : '') },
  };
  // What it shows is said in words, and its figures are in the table: nothing in it takes the focus.
  const inner = { accessibilityLayer: false, margin: { top: 8, right: 12 } };
  if (kind === 'bars') return <BarChart {...common} barChartProps={inner} />;
  if (kind === 'areas') {
    return (
      <AreaChart
        {...common}
        areaChartProps={inner}
        type="stacked"
        curveType="monotone"
        withDots={false}
        strokeWidth={1.5}
        fillOpacity={0.35}
      />
    );
  }
  return (
    <LineChart
      {...common}
      lineChartProps={inner}
      curveType={kind === 'dots' ? 'linear' : 'monotone'}
      withDots={kind === 'dots'}
      dotProps={{ r: 3 }}
      connectNulls
    />
  );
}

/** Every step in which something happened, the last one first. */
function FigureTable({ chart, window }: { chart: Chart; window: ChartWindow }) {
  const { title, series, say } = chart;
  const at = sayTime(window);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever has no mouse scrolls it with the keys
    <section className={classes.statistics} tabIndex={0} aria-label={`${title}: table`}>
      <Table stickyHeader verticalSpacing={4} horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">From</Table.Th>
            {series.map(({ name, label }) => (
              <Table.Th key={name} scope="col" ta="right">
                {label}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {busyRows(chart)
            .toReversed()
            .map((row) => (
              <Table.Tr key={row.at}>
                <Table.Th scope="row">{at(row.at)}</Table.Th>
                {series.map(({ name }) => (
                  <Table.Td key={name} ta="right">
                    {typeof row[name] === 'number' ? say(row[name]) : '–'}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

/** What a chart shows, for whoever does not see it: the greatest value of each series, and when it was. */
function inWords({ title, rows, series, say }: Chart, window: ChartWindow): string {
  const at = sayTime(window);
  const greatest = series.flatMap(({ name, label }) => {
    let top: { value: number; at: string } | undefined;
    for (const row of rows) {
      const value = row[name];
      if (typeof value === 'number' && value > (top?.value ?? 0)) top = { value, at: row.at };
    }
    return top ? [`${label}, at most ${say(top.value)} (${at(top.at)})`] : [];
  });
  return `${title}. ${greatest.join('; ')}.`;
}
