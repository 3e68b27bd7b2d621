/** 1,234 */
export const whole = (value: number) => Math.round(value).toLocaleString('en');
/** 1,234 k */
export const thousands = (value: number) => `${whole(value / 1_000)} k`;
/** Bytes as KiB. */
export const kib = (value: number) => (value / 1024).toFixed(1);
