/** The social content, such as a comment, that a conversation started from. */
export interface SocialContext {
  readonly platform: string;
  readonly postId?: string | undefined;
  readonly commentId?: string | undefined;
  readonly postUrl?: string | undefined;
  /** The post's text and image, once the provider has returned them. */
  readonly post?: { readonly text: string | null; readonly imageUrl: string | null } | undefined;
}
