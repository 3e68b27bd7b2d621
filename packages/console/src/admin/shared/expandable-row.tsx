import { Button, Group, Table } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import classes from './admin.module.css';

/** A table row whose details are shown below it on demand. */
export function ExpandableRow(props: {
  /** Names the row in its button: `View entry 5`. */
  name: string;
  /** The number of columns of the table. */
  columns: number;
  /** All cells except the last one, which has the buttons. */
  children: ReactNode;
  /** Absent if the row has none. */
  details?: ReactNode;
  /** More buttons. */
  actions?: ReactNode;
}) {
  const { name, columns, children, details, actions } = props;
  const [isOpen, setOpen] = useState(false);
  const verb = isOpen ? 'Hide' : 'View';
  return (
    <>
      <Table.Tr>
        {children}
        <Table.Td>
          <Group gap={6} wrap="nowrap" justify="flex-end">
            {details !== undefined && (
              <Button
                size="compact-xs"
                variant="default"
                aria-expanded={isOpen}
                aria-label={`${verb} ${name}`}
                onClick={() => setOpen(!isOpen)}
              >
                {verb}
              </Button>
            )}
            {actions}
          </Group>
        </Table.Td>
      </Table.Tr>
      {isOpen && (
        <Table.Tr>
          <Table.Td colSpan={columns}>
            <div className={classes.rowDetails}>{details}</div>
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}
