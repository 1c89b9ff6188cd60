import { imageNetworks } from './image-networks.ts';
import type { NetworkSizes } from './network-sizes.ts';
import { tableNetworks } from './table-networks.ts';
import type { ManifoldNetworks } from './trainable-network.ts';

/** The three networks of these sizes. */
export function createNetworks(sizes: NetworkSizes): ManifoldNetworks {
  switch (sizes.kind) {
    case 'image':
      return imageNetworks(sizes);
    case 'table':
      return tableNetworks(sizes);
  }
}
