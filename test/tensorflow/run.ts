/**
 * `npm run test:tensorflow [-- files]`: builds @tensorflow/tfjs-node and runs the engine's tests on it
 * too. See docs/decisions/tfjs-node.md.
 */
import { resolve } from 'node:path';
import { runCommand } from '../host/run-command.ts';
import { buildTensorflow } from './build.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = await buildTensorflow(process.env['ASSAY_PYTHON'] ?? 'python3');
const [, , ...files] = process.argv;
const tests = files.length > 0 ? files : ['test/engine'];
await runCommand(resolve(root, 'node_modules/.bin/vitest'), ['run', ...tests], {
  folder: root,
  environment: { ...process.env, ASSAY_TENSORFLOW_FOLDER: folder },
  output: 'show',
});
