import { openEngine } from '../../src/engine/open-engine.ts';
import { learnManifold } from '../../src/manifold/learn-manifold.ts';
import { ManifoldStore } from '../../src/manifold/manifold-store.ts';
import { ring } from './ring.ts';

/** Trains the ring's manifold into the folder of its argument and tells every step. It is made to be killed. */
const [, , folder = ''] = process.argv;
await learnManifold({
  engine: await openEngine({ name: 'native' }),
  data: ring,
  bounds: { lower: 0, upper: 10 },
  settings: { steps: 300 },
  seed: 5,
  store: new ManifoldStore(folder),
  onProgress: ({ step }) => process.send?.(step),
});
