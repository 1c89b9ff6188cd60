import { Batch } from '../../src/arrays/batch.ts';
import type { UnlabelledData } from '../../src/manifold/learn-manifold.ts';
import { Random } from '../../src/random/random.ts';

/** Rows near a ring in four dimensions: a manifold of one dimension. */
export const ring: UnlabelledData = {
  count: 400,
  shape: [4],
  fingerprint: 'ring',
  read: indices => {
    const batch = Batch.zeros(indices.length, [4]);
    indices.forEach((index, row) => {
      const random = new Random(2, ['ring', index]);
      const angle = random.uniform(0, 2 * Math.PI);
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      batch.row(row).set([x, y, x + y, x - y].map(value => 5 + value + 0.02 * random.normal()));
    });
    return Promise.resolve(batch);
  },
};

/** Images of one bright colour each on a dark ground, with a square somewhere. */
export function squares(shape: readonly [number, number, number]): UnlabelledData {
  const [height, width, channels] = shape;
  return {
    count: 80,
    shape,
    fingerprint: `squares ${shape.join(' ')}`,
    read: indices => {
      const batch = Batch.zeros(indices.length, shape);
      indices.forEach((index, row) => {
        const random = new Random(3, ['squares', index]);
        const colour = Array.from({ length: channels }, () => random.uniform());
        const side = Math.floor(height / 3);
        const top = random.integer(height - side);
        const left = random.integer(width - side);
        const image = batch.row(row);
        for (let y = top; y < top + side; y++) {
          for (let x = left; x < left + side; x++) image.set(colour, (y * width + x) * channels);
        }
      });
      return Promise.resolve(batch);
    },
  };
}
