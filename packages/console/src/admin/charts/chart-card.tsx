import { AreaChart, BarChart, LineChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import { Card, Center, ColorSwatch, Table, Text, Title } from '@mantine/core';
import type { ChartWindow } from '@mevrik/protocol';
import classes from '../shared/admin.module.css';
import { chartTicks, tickFormat, timeFormat } from './chart-times.ts';

/** The values of the series at one point in time, by name. */
export type ChartRow = { readonly at: string } & Readonly<Record<string, string | number | null>>;

/** A chart of values over time. */
export interface Chart {
  readonly title: string;
  readonly kind: 'areas' | 'line' | 'dots' | 'bars';
  readonly rows: readonly ChartRow[];
  readonly series: readonly { readonly name: string; readonly label: string; readonly color: string }[];
  /** Formats a value with its unit. */
  readonly format: (value: number) => string;
  /** The smallest and largest value, if they are fixed. */
  readonly range?: readonly [number, number];
  /** The text shown when there are no values. */
  readonly emptyText?: string;
}

const height = 190;

/** The rows with a count above zero or a measured value. */
export function busyRows({ kind, rows, series }: Chart): readonly ChartRow[] {
  const isCounted = kind === 'areas' || kind === 'bars';
  return rows.filter((row) =>
    series.some(({ name }) => (isCounted ? Number(row[name] ?? 0) > 0 : typeof row[name] === 'number')),
  );
}

/** A chart with its title and legend, or the same values as a table. */
export function ChartCard(props: { chart: Chart; window: ChartWindow; asTable: boolean }) {
  const { chart, window, asTable } = props;
  const { title, series, emptyText = 'No activity in this period.' } = chart;
  return (
    <Card withBorder component="section" aria-label={title}>
      <Title order={3} mb="sm" fz={15}>
        {title}
      </Title>
      {busyRows(chart).length === 0 ? (
        <Center className={classes.emptyChart} mih={height}>
          <Text size="sm" c="dimmed">
            {emptyText}
          </Text>
        </Center>
      ) : asTable ? (
        <ValueTable chart={chart} window={window} />
      ) : (
        <>
          <div role="img" aria-label={describeChart(chart, window)}>
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
  const { kind, rows, series, format, range } = chart;
  const common = {
    h: height,
    dataKey: 'at',
    data: [...rows],
    series: [...series],
    valueFormatter: format,
    gridProps: { syncWithTicks: true },
    xAxisProps: {
      ticks: chartTicks(
        rows.map(({ at }) => at),
        window,
      ),
      tickFormatter: tickFormat(window),
      interval: 'preserveStart' as const,
    },
    yAxisProps: {
      width: 54,
      ...(range && { domain: [...range], ticks: [1, 2, 3, 4, 5], interval: 0 as const }),
    },
    // Without a pointer on the chart there is no time to show.
    tooltipProps: { labelFormatter: (at: unknown) => (typeof at === 'string' ? timeFormat(window)(at) : '') },
  };
  // The chart has a text alternative and a table, so nothing inside it takes the focus.
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

/** The rows with values, newest first. */
function ValueTable({ chart, window }: { chart: Chart; window: ChartWindow }) {
  const { title, series, format } = chart;
  const at = timeFormat(window);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it can be scrolled with the keyboard
    <section className={classes.chartTable} tabIndex={0} aria-label={`${title}: table`}>
      <Table stickyHeader verticalSpacing={4} horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Time</Table.Th>
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
                    {typeof row[name] === 'number' ? format(row[name]) : '–'}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

/** The text alternative of a chart: the maximum of each series and its time. */
function describeChart({ title, rows, series, format }: Chart, window: ChartWindow): string {
  const at = timeFormat(window);
  const maxima = series.flatMap(({ name, label }) => {
    let top: { value: number; at: string } | undefined;
    for (const row of rows) {
      const value = row[name];
      if (typeof value === 'number' && value > (top?.value ?? 0)) top = { value, at: row.at };
    }
    return top ? [`${label}, maximum ${format(top.value)} (${at(top.at)})`] : [];
  });
  return `${title}. ${maxima.join('; ')}.`;
}
