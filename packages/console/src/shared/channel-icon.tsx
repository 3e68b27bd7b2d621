import {
  IconBrandFacebook,
  IconBrandInstagram,
  IconBrandTelegram,
  IconBrandWhatsapp,
  IconMail,
  IconPlugConnected,
  IconWorld,
} from '@tabler/icons-react';

import { isKeyOf } from './labels.ts';

const icons = {
  web: IconWorld,
  facebook: IconBrandFacebook,
  instagram: IconBrandInstagram,
  whatsapp: IconBrandWhatsapp,
  telegram: IconBrandTelegram,
  email: IconMail,
} as const;

/** The icon of a channel. Uses a native title: long lists have one icon per row. */
export function ChannelIcon({ kind, name, size = 15 }: { kind: string; name: string; size?: number }) {
  const Icon = isKeyOf(icons, kind) ? icons[kind] : IconPlugConnected;
  return (
    <Icon
      size={size}
      stroke={1.7}
      role="img"
      title={name}
      aria-label={`Channel ${name}`}
      style={{ flexShrink: 0 }}
    />
  );
}
