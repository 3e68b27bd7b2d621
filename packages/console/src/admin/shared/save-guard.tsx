import { Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { MevrikError, type Precondition } from '../../shared/sdk.ts';
import { FormError } from '../../shared/states.tsx';

/** Keeps what somebody saves from overwriting what somebody else has saved meanwhile. */
export interface SaveGuard {
  /** The last saving was refused, since the state is not the one that was seen. */
  readonly isOutdated: boolean;
  /** Nothing is written yet: what there is now is what is seen. */
  follow(etag: string | undefined): void;
  /** The next saving goes over whatever there is. */
  letGo(): void;
  /** Saves over the state that was seen, which from then on is the one that was made. */
  over(save: (guard: Precondition) => Promise<unknown>): Promise<void>;
  /** Saves something that stands beside what is written, whatever others have saved. */
  beside(save: (guard: Precondition) => Promise<unknown>): Promise<void>;
}

/** Guards what is edited from a state on, whose ETag this is. */
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
    letGo() {
      seen.current = undefined;
    },
    async over(save) {
      setOutdated(false);
      try {
        await save(guard());
      } catch (error) {
        setOutdated(isRefused(error));
        throw error;
      }
    },
    async beside(save) {
      try {
        await save(guard());
      } catch (error) {
        if (!isRefused(error)) throw error;
        // What was seen stays: saving what is written still has to be thought about.
        await save({});
      }
    },
  };
}

const isRefused = (error: unknown) => error instanceof MevrikError && error.code === 'precondition_failed';

/** Long forms end below the window: what is to be decided must not. */
const show = (shown: HTMLElement | null) => shown?.scrollIntoView({ block: 'nearest' });

/** What went wrong with saving; where somebody else has saved meanwhile, what can be done about it. */
export function SaveFault(props: {
  guard: SaveGuard;
  text: string | undefined;
  onSave: () => Promise<void>;
  onLoad: () => unknown;
}) {
  const { guard, text, onSave, onLoad } = props;
  if (!guard.isOutdated) return <FormError text={text} />;
  return (
    <Alert ref={show} color="yellow" role="alert" title="Somebody changed this meanwhile">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          What you wrote stands here, and is not saved.{' '}
          <Anchor href={location.href} target="_blank" inherit>
            See theirs in another tab
          </Anchor>
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => onLoad()}>
            Load theirs, drop mine
          </Button>
          <Button
            size="xs"
            color="red"
            variant="light"
            onClick={() => {
              guard.letGo();
              void onSave();
            }}
          >
            Save mine over theirs
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
