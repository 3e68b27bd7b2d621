import { Badge, Switch, Text } from '@mantine/core';
import type { EventStory } from '@mevrik/protocol';
import { Link } from '@tanstack/react-router';
import { type CSSProperties, useState } from 'react';
import { legible, type TimeAxis, timeAxis } from '../charts/time-axis.ts';
import { summaryOf } from './event-summary.ts';
import { meaningOf } from './event-types.ts';
import { effectsOf, type StoryRow, type TimeMark, took, treeOf } from './story-rows.ts';
import classes from './story-view.module.css';

/** The causes and effects of an event as a tree, each row with its marks on a time axis. */
export function StoryView({ story: { event: current, chain } }: { story: EventStory }) {
  const [isWhole, setWhole] = useState(true);
  const lines = treeOf(chain).flatMap(({ event, depth }) => {
    const effects = effectsOf(event, depth).filter(({ tone }) => event.id === current.id || tone !== 'plain');
    const shown = isWhole || event.id === current.id ? effects : [];
    return [{ event, depth, effects: shown }];
  });
  const axis = timeAxis(
    lines.flatMap(({ event, effects }) => [
      momentOf(event.occurredAt),
      ...effects.flatMap(({ marks }) => marks),
    ]),
  );
  return (
    <div className={classes.story}>
      <div className={classes.head}>
        <Switch
          size="xs"
          label="Show the results of every event"
          checked={isWhole}
          onChange={(change) => setWhole(change.currentTarget.checked)}
        />
        <Scale axis={axis} />
      </div>
      <ol className={classes.lines} aria-label="Events from cause to effect">
        {lines.map(({ event, depth, effects }) => (
          <li key={event.id}>
            <Link
              to="/admin/events/$eventId"
              params={{ eventId: event.id }}
              className={classes.event}
              aria-current={event.id === current.id}
            >
              <span className={classes.name} style={indent(depth)}>
                <Text span size="sm" fw={650}>
                  {meaningOf(event.type)}
                </Text>
                <Text span size="xs" c="dimmed" truncate>
                  {event.type}
                </Text>
              </span>
              <Track
                axis={axis}
                marks={[{ ...momentOf(event.occurredAt), tone: 'event', about: event.type }]}
              />
              <Text span size="sm" c="dimmed" lineClamp={1}>
                {summaryOf(event)}
              </Text>
            </Link>
            {effects.map((row) => (
              <Effect key={row.id} row={row} axis={axis} />
            ))}
          </li>
        ))}
      </ol>
    </div>
  );
}

const kinds = { event: 'event', listener: 'listener', broadcast: 'broadcast', delivery: 'delivery' } as const;
const tones = { good: 'teal', bad: 'red', waits: 'yellow', plain: 'gray' } as const;

function Effect({ row, axis }: { row: StoryRow; axis: TimeAxis }) {
  return (
    <>
      <div className={classes.effect}>
        <span className={classes.name} style={indent(row.depth + 1)} title={row.about}>
          <span className={classes.title}>
            <Badge size="xs" color="gray" variant="default" style={{ flexShrink: 0 }}>
              {kinds[row.kind]}
            </Badge>
            <Text span size="sm" truncate>
              {row.title}
            </Text>
          </span>
          <Text span size="xs" c="dimmed" lineClamp={1}>
            {row.about}
          </Text>
        </span>
        <Track axis={axis} marks={row.marks} />
        <Badge size="sm" color={tones[row.tone]} className={classes.result}>
          {row.result}
        </Badge>
      </div>
      {row.failures.length > 0 && (
        <ul className={classes.failures} style={indent(row.depth + 2)}>
          {row.failures.map((failure) => (
            <li key={failure}>{failure}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Track({ axis, marks }: { axis: TimeAxis; marks: readonly TimeMark[] }) {
  return (
    <span className={classes.track}>
      {axis.cuts.map(({ fraction }) => (
        <span key={fraction} className={classes.cut} style={{ insetInlineStart: percent(fraction) }} />
      ))}
      {marks.map((mark) => {
        const [from, to] = [axis.fractionAt(mark.from), axis.fractionAt(mark.to)];
        return (
          <span
            key={`${mark.from} ${mark.tone}`}
            className={mark.tone === 'event' ? classes.moment : classes[mark.tone]}
            title={mark.about}
            style={{ insetInlineStart: percent(from), width: percent(to - from) }}
          />
        );
      })}
    </span>
  );
}

/** The share of a narrow axis that a label such as "+12.5 s" occupies. */
const labelWidth = 0.2;

/** The labels of the axis: the start of each busy period, the gaps between them, and the total time. */
function Scale({ axis }: { axis: TimeAxis }) {
  const { marks, cuts } = legible(axis, labelWidth);
  const hasRoom = (marks.at(-1)?.fraction ?? 0) < 1 - 2 * labelWidth;
  return (
    <span className={classes.scale}>
      {marks.map(({ fraction, afterMs }) => (
        <span key={fraction} className={classes.tick} style={{ insetInlineStart: percent(fraction) }}>
          {afterMs === 0 ? 'start' : `+${took(afterMs)}`}
        </span>
      ))}
      {cuts.map(({ fraction, ms }) => (
        <span
          key={fraction}
          className={classes.gap}
          style={{ insetInlineStart: percent(fraction) }}
          title={`Nothing happened for ${took(ms)}`}
        >
          ⋯
        </span>
      ))}
      {hasRoom && axis.lengthMs > 0 && <span className={classes.end}>+{took(axis.lengthMs)}</span>}
    </span>
  );
}

function momentOf(at: string) {
  return { from: Date.parse(at), to: Date.parse(at) };
}

function percent(part: number): string {
  return `${Math.round(part * 10_000) / 100}%`;
}

function indent(depth: number): CSSProperties {
  return { paddingInlineStart: Math.min(depth, 8) * 18 };
}
