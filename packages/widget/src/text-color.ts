/** Black or white, whichever contrasts more with a colour; `undefined` for an invalid colour. */
export function textColorOn(color: string): string | undefined {
  if (!CSS.supports('color', color)) return undefined;
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!pen) return undefined;
  pen.fillStyle = color;
  pen.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = pen.getImageData(0, 0, 1, 1).data;
  const linear = (part: number) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  // By the contrasts of WCAG: (1 + .05) / (light + .05) against (light + .05) / .05.
  return 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 ? '#fff' : '#10161c';
}
