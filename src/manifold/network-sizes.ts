import { ManifoldError } from './manifold-error.ts';

/** Sizes of the three networks of a manifold of images, see `image-networks.ts`. */
export interface ImageSizes {
  readonly kind: 'image';
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly latentSize: number;
  /** Filters of the critic's and the inverter's convolutions, which halve the image each. */
  readonly filters: readonly number[];
}

/** Sizes of the three networks of a manifold of tables, see `table-networks.ts`. */
export interface TableSizes {
  readonly kind: 'table';
  readonly features: number;
  readonly latentSize: number;
  /** Units of the hidden layers of each network. */
  readonly hidden: readonly number[];
}

export type NetworkSizes = ImageSizes | TableSizes;

/** What may be asked for in place of the sizes that the data suggest. */
export interface SizeWishes {
  /** Dimensions of the latent space. */
  readonly latentSize?: number;
  /** Multiplies the numbers of filters or units; 1 when it is left out. */
  readonly width?: number;
}

/**
 * Filters of the innermost convolution; each one further out has half as many, but not below
 * {@link fewestFilters}. Most of a step's time goes where the image is large, so a larger image gets a
 * further convolution outside of the others instead of more filters in all. Twice as many find clearly
 * more only after an hour.
 */
const innermostFilters = { grey: 32, colour: 64 } as const;
const fewestFilters = 8;

/** Convolutions halve an image until a side is at most this many pixels. */
const innermostSide = 8;

/**
 * Chooses the sizes of the networks from the shape of the data: for 28×28 digits a generator of two
 * transposed convolutions and a latent space of 64 dimensions, more halvings for larger images, three
 * layers of units for tables.
 *
 * @param shape of one sample, `[height, width, channels]`, `[height, width]` or `[features]`
 * @throws ManifoldError `manifold/unsupported-shape` for other shapes, and for images that are too
 *   small or too large to learn
 */
export function chooseSizes(shape: readonly number[], wishes: SizeWishes = {}): NetworkSizes {
  const { latentSize, width = 1 } = wishes;
  const scaled = (count: number): number => Math.max(1, Math.round(count * width));
  const [first = 0, second = 0, channels = 1] = shape;
  if (shape.length === 1) {
    const latent = latentSize ?? Math.min(32, Math.max(2, Math.ceil(first / 2)));
    return { kind: 'table', features: first, latentSize: latent, hidden: [scaled(64), scaled(64)] };
  }
  const smallest = Math.min(first, second);
  const isImage = shape.length === 3 || shape.length === 2;
  if (!isImage || smallest < 8 || Math.max(first, second) > 128 || channels > 4) {
    throw new ManifoldError(
      'manifold/unsupported-shape',
      `No manifold can be learned of samples of shape [${shape.join(', ')}].`,
      { remedy: 'Images of 8 to 128 pixels with up to four channels and tables can be learned.' },
    );
  }
  const halvings = Math.max(1, Math.ceil(Math.log2(smallest / innermostSide)));
  const innermost = channels === 1 ? innermostFilters.grey : innermostFilters.colour;
  const filtersOf = (level: number): number =>
    Math.max(fewestFilters, innermost / 2 ** (halvings - 1 - level));
  return {
    kind: 'image',
    height: first,
    width: second,
    channels,
    latentSize: latentSize ?? 64,
    filters: Array.from({ length: halvings }, (_, level) => scaled(filtersOf(level))),
  };
}
