/** The Mevrik logo. */
export function Logo({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" role="img" aria-label="Mevrik">
      <rect width="32" height="32" rx="9" fill="var(--mantine-primary-color-filled)" />
      <path
        d="M8 11.5A3.5 3.5 0 0 1 11.5 8h9a3.5 3.5 0 0 1 3.5 3.5v6a3.5 3.5 0 0 1-3.5 3.5H15l-4.6 3.6a.7.7 0 0 1-1.1-.7l.5-3A3.5 3.5 0 0 1 8 17.5z"
        fill="#fff"
      />
      <path
        d="M11.5 15.6c1.4-2.6 2.8-2.6 4.2-.3s2.9 2.2 4.6-.7"
        stroke="var(--mantine-primary-color-filled)"
        strokeWidth="1.9"
        strokeLinecap="round"
        fill="none"
      />
    </svg>
  );
}
