import { join, resolve } from 'node:path';
import { createExampleWorkspace } from '../host/example-workspace.ts';

const projectFolder = resolve(import.meta.dirname, '../..');

/** The workspace that the tests in the editor open: the example, as an audit of a few seconds. */
await createExampleWorkspace(join(projectFolder, 'out', 'editor-workspace'), {
  samples: 8,
  attacks: [
    { attack: 'fgsm', norm: 'Linf', epsilon: 0.1 },
    { attack: 'fgsm', norm: 'Linf', epsilon: 0.3 },
  ],
  uncertainty: { method: 'mc-dropout', passes: 10 },
  requirements: [{ check: 'robust-accuracy', attack: 'fgsm-linf-0.3', minimum: 0.5 }],
});
