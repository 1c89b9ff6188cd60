/** Ten digits of three by five points, row after row, drawn two pixels a point. */
const glyphs: readonly string[] = [
  '111101101101111',
  '010110010010111',
  '111001111100111',
  '111001111001111',
  '101101111001001',
  '111100111001111',
  '111100111101111',
  '111001001001001',
  '111101111101111',
  '111101111001111',
];

/** Width of a digit with the space behind it, and height, in points. */
export const digitWidth = 4;
export const digitHeight = 5;

/**
 * Draws a whole number.
 *
 * @param draw is called with the upper left pixel of each point, which is two pixels wide and high
 */
export function drawNumber(
  value: number,
  left: number,
  top: number,
  draw: (x: number, y: number) => void,
): void {
  Array.from(String(Math.abs(Math.trunc(value)))).forEach((digit, place) => {
    Array.from(glyphs[Number(digit)] ?? '').forEach((point, i) => {
      if (point !== '1') return;
      const x = left + 2 * (place * digitWidth + (i % 3));
      draw(x, top + 2 * Math.floor(i / 3));
    });
  });
}
