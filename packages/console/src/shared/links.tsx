import {
  ActionIcon,
  type ActionIconProps,
  Anchor,
  type AnchorProps,
  Badge,
  type BadgeProps,
  Button,
  type ButtonProps,
  UnstyledButton,
  type UnstyledButtonProps,
} from '@mantine/core';
import { createLink, type LinkComponent } from '@tanstack/react-router';
import type { ReactNode, Ref } from 'react';

interface AnchorElementProps {
  ref?: Ref<HTMLAnchorElement>;
  children?: ReactNode;
}

function AnchorElement(props: AnchorProps & AnchorElementProps) {
  return <Anchor {...props} />;
}

function ButtonElement(props: ButtonProps & AnchorElementProps) {
  return <Button component="a" {...props} />;
}

function CardElement(props: UnstyledButtonProps & AnchorElementProps) {
  return <UnstyledButton component="a" {...props} />;
}

function BadgeElement(props: BadgeProps & AnchorElementProps) {
  return <Badge component="a" {...props} />;
}

function IconElement(props: ActionIconProps & AnchorElementProps) {
  return <ActionIcon component="a" {...props} />;
}

/** A text link to a page of this application. */
export const AnchorLink: LinkComponent<typeof AnchorElement> = createLink(AnchorElement);

/** A link to a page of this application that looks like a button. */
export const ButtonLink: LinkComponent<typeof ButtonElement> = createLink(ButtonElement);

/** An unstyled link around a card. */
export const CardLink: LinkComponent<typeof CardElement> = createLink(CardElement);

/** A badge that links to a page of this application. */
export const BadgeLink: LinkComponent<typeof BadgeElement> = createLink(BadgeElement);

/** An icon that links to a page of this application. */
export const IconLink: LinkComponent<typeof IconElement> = createLink(IconElement);
