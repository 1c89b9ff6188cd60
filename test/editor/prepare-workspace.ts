import { join, resolve } from 'node:path';
import { createExampleWorkspace } from '../host/example-workspace.ts';

/**
 * The workspace that the tests in the editor open: the example with so few samples that an audit
 * takes seconds, and with a model that takes long enough to be interrupted.
 */
await createExampleWorkspace(
  join(resolve(import.meta.dirname, '../..'), 'out', 'editor-workspace'),
  {
    samples: 8,
    uncertainty: { method: 'mc-dropout', passes: 10 },
  },
);
