import { Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { MevrikError, type Precondition } from '../../shared/sdk.ts';
import { FormError } from '../../shared/states.tsx';

/** Keeps a save from overwriting changes that another administrator saved in the meantime. */
export interface SaveGuard {
  /** The last save was rejected because the stored state differs from the one that was loaded. */
  readonly isOutdated: boolean;
  /** The form has no changes: guards the state with this ETag from now on. */
  follow(etag: string | undefined): void;
  /** The next save overwrites any stored state. */
  allowOverwrite(): void;
  /** Saves if the stored state is still the one that was loaded, and guards the saved state afterwards. */
  saveChanges(save: (guard: Precondition) => Promise<unknown>): Promise<void>;
  /** Saves a value outside the form, even if the stored state has changed. */
  saveIndependently(save: (guard: Precondition) => Promise<unknown>): Promise<void>;
}

/** Guards edits of the state that has this ETag. */
export function useSaveGuard(etag: string | undefined): SaveGuard {
  const seen = useRef(etag);
  const [isOutdated, setOutdated] = useState(false);
  const guard = (): Precondition => ({
    ifMatch: seen.current,
    onEtag: (made) => {
      seen.current = made;
    },
  });
  return {
    isOutdated,
    follow(now) {
      seen.current = now;
    },
    allowOverwrite() {
      seen.current = undefined;
    },
    async saveChanges(save) {
      setOutdated(false);
      try {
        await save(guard());
      } catch (error) {
        setOutdated(isPreconditionFailed(error));
        throw error;
      }
    },
    async saveIndependently(save) {
      try {
        await save(guard());
      } catch (error) {
        if (!isPreconditionFailed(error)) throw error;
        // The guarded ETag stays the old one, so that saving the form still reports the conflict.
        await save({});
      }
    },
  };
}

const isPreconditionFailed = (error: unknown) =>
  error instanceof MevrikError && error.code === 'precondition_failed';

/** Long forms end below the fold: scrolls the decision into view. */
const scrollIntoView = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'nearest' });

/** Why saving failed; on a conflict, the choice between discarding and overwriting. */
export function SaveError(props: {
  guard: SaveGuard;
  text: string | undefined;
  onSave: () => Promise<void>;
  onLoad: () => unknown;
}) {
  const { guard, text, onSave, onLoad } = props;
  if (!guard.isOutdated) return <FormError text={text} />;
  return (
    <Alert ref={scrollIntoView} color="yellow" role="alert" title="This has changed since you loaded it">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          Your changes are not saved.{' '}
          <Anchor href={location.href} target="_blank" inherit>
            View the saved version in a new tab
          </Anchor>
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => onLoad()}>
            Discard my changes
          </Button>
          <Button
            size="xs"
            color="red"
            variant="light"
            onClick={() => {
              guard.allowOverwrite();
              void onSave();
            }}
          >
            Overwrite
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}

/** The end of a form: why saving failed, and the button that saves. */
export function SaveBar(props: {
  guard: SaveGuard;
  error: string | undefined;
  isBusy: boolean;
  label?: string;
  onSave: () => Promise<void>;
  onLoad: () => unknown;
}) {
  const { guard, error, isBusy, label = 'Save', onSave, onLoad } = props;
  return (
    <>
      <SaveError guard={guard} text={error} onSave={onSave} onLoad={onLoad} />
      <Group justify="flex-end">
        <Button loading={isBusy} onClick={() => void onSave()}>
          {label}
        </Button>
      </Group>
    </>
  );
}
