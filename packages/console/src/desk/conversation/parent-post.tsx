import { Anchor, Text } from '@mantine/core';
import { IconExternalLink, IconMessage2 } from '@tabler/icons-react';
import type { ConversationRow } from '../../shared/sdk.ts';
import parts from '../parts.module.css';
import classes from './conversation.module.css';

/** The post that the customer commented on; `channelTitle` is the kind of channel as people call it. */
export function ParentPost(props: {
  comment: NonNullable<ConversationRow['comment']>;
  channelTitle: string | undefined;
}) {
  const { platform, post, postUrl } = props.comment;
  return (
    <section className={classes.post} aria-label="Original post">
      {post?.imageUrl ? (
        <img src={post.imageUrl} alt="" className={classes.postImage} />
      ) : (
        <IconMessage2 size={20} aria-hidden style={{ flexShrink: 0 }} />
      )}
      <div style={{ minWidth: 0, flex: 1 }}>
        <Text size="xs" c="dimmed">
          Comment on a {props.channelTitle ?? platform} post
        </Text>
        <Text size="sm" lineClamp={2}>
          {post?.text ?? 'The text of the post is not available.'}
        </Text>
      </div>
      {postUrl && (
        <Anchor href={postUrl} target="_blank" rel="noopener noreferrer" size="xs" className={parts.line}>
          Open post <IconExternalLink size={13} aria-hidden />
        </Anchor>
      )}
    </section>
  );
}
