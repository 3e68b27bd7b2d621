import { Badge, type CSSVariablesResolver, createTheme, type MantineColorsTuple, rem } from '@mantine/core';

const brand: MantineColorsTuple = [
  '#e9f6f4',
  '#d5ebe7',
  '#aad8d0',
  '#7cc3b7',
  '#54b0a1',
  '#389f8e',
  '#1f8f7e',
  '#107a6b',
  '#0a675b',
  '#04544a',
];
const gray: MantineColorsTuple = [
  '#f7f8fa',
  '#f0f2f5',
  '#e4e8ed',
  '#d3d9e0',
  '#b5bec9',
  '#8c97a5',
  '#616d7c',
  '#4b5664',
  '#35404c',
  '#1e2730',
];
const dark: MantineColorsTuple = [
  '#dfe4ea',
  '#b9c2cd',
  '#98a3b1',
  '#6d7987',
  '#454f5b',
  '#333c46',
  '#262e37',
  '#1b2229',
  '#151b21',
  '#0e1317',
];

/** The Mantine theme of the console. */
export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: 7,
  colors: { brand, gray, dark },
  autoContrast: true,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  fontFamily: "Inter, ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace",
  fontSizes: { xs: rem(12), sm: rem(13), md: rem(14), lg: rem(16), xl: rem(19) },
  lineHeights: { md: '1.5' },
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: rem(20) }, h2: { fontSize: rem(16) }, h3: { fontSize: rem(14) } },
  },
  spacing: { xs: rem(8), sm: rem(12), md: rem(16), lg: rem(24), xl: rem(32) },
  shadows: { sm: '0 1px 2px rgb(15 23 32 / 6%)', md: '0 4px 16px rgb(15 23 32 / 10%)' },
  components: {
    Badge: Badge.extend({
      defaultProps: { variant: 'light', radius: 'sm', tt: 'none', fw: 550 },
      styles: { root: { letterSpacing: 0 } },
      // Mantine's small badges are set in 9 and 10 px, which is hard to read.
      vars: (_theme, { size }) => ({
        root: size === 'xs' || size === 'sm' ? { '--badge-fz': rem(11), '--badge-height': rem(18) } : {},
      }),
    }),
    Button: { defaultProps: { size: 'sm' } },
    // The search field next to the chosen values would wrap to a line of its own.
    MultiSelect: { styles: { inputField: { minWidth: rem(40) } } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    CloseButton: { defaultProps: { 'aria-label': 'Close' } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Dismiss' } } },
    Modal: {
      defaultProps: {
        closeButtonProps: { 'aria-label': 'Close dialog' },
        centered: true,
        radius: 'lg',
        overlayProps: { backgroundOpacity: 0.4 },
      },
      styles: { title: { fontSize: rem(16), fontWeight: 650 } },
    },
    Table: {
      defaultProps: {
        verticalSpacing: 8,
        horizontalSpacing: 'sm',
        // On Mantine's own colour, dimmed text is below WCAG AA contrast in the dark.
        highlightOnHoverColor: 'light-dark(var(--mantine-color-gray-1), #2c353e)',
      },
    },
  },
});

/** White text on the default red is below WCAG AA contrast. */
const dangerous = [
  ['--mantine-color-red-filled', 'var(--mantine-color-red-9)'],
  ['--mantine-color-red-filled-hover', 'color-mix(in srgb, var(--mantine-color-red-9) 88%, black)'],
];

/**
 * Contrast fixes for light badges, error texts and destructive buttons
 * (WCAG AA).
 */
export const cssVariables: CSSVariablesResolver = ({ colors }) => {
  const readable = (color: (name: string) => string) =>
    Object.keys(colors).map((name) => [`--mantine-color-${name}-light-color`, color(name)]);
  return {
    variables: {},
    light: Object.fromEntries([
      ...readable((name) => `color-mix(in srgb, var(--mantine-color-${name}-9) 72%, black)`),
      ['--mantine-color-red-text', 'var(--mantine-color-red-9)'],
      ...dangerous,
    ]),
    dark: Object.fromEntries([
      ...readable((name) => `var(--mantine-color-${name}-2)`),
      ['--mantine-color-red-text', 'var(--mantine-color-red-3)'],
      ...dangerous,
    ]),
  };
};
