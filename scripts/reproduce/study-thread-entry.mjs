/** Starts `study-thread.ts`: a thread does not take the loader of TypeScript over from its process. */
import { register } from 'tsx/esm/api';

register();
await import('./study-thread.ts');
