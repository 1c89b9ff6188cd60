import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { exists } from '../host/exists.ts';
import { runCommand } from '../host/run-command.ts';

/** TensorFlow of PyPI, whose wheel carries the shared library and the headers of its C interface. */
const wheel = process.arch === 'x64' ? 'tensorflow-cpu==2.21.0' : 'tensorflow==2.21.0';
const packages = ['@tensorflow/tfjs-node@4.22.0', 'node-gyp@12'];

/** Version of Node-API for which tfjs-node looks first. */
const nodeApi = '8';

/** Takes the libraries and headers out of the wheel and leaves the rest, most of a gigabyte. */
const unpack = `
import sys, zipfile
wheel, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(('tensorflow/include/', 'tensorflow/libtensorflow')):
            archive.extract(name, folder)
`;

/** Where everything is built. It is kept for the next time. */
export const tensorflowFolder = resolve(import.meta.dirname, '../../out/tensorflow');

/**
 * Builds @tensorflow/tfjs-node from the sources of its npm package against TensorFlow's library from
 * PyPI. Needs Linux, Python with pip, and a C++ compiler; the host from which the package's own
 * install script downloads its library is not needed.
 *
 * @returns the folder with the node_modules that has it
 */
export async function buildTensorflow(python: string): Promise<string> {
  const folder = tensorflowFolder;
  const packageFolder = join(folder, 'node_modules/@tensorflow/tfjs-node');
  const binding = join(packageFolder, `lib/napi-v${nodeApi}`);
  if (await exists(join(binding, 'tfjs_binding.node'))) return folder;

  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const run = (command: string, args: readonly string[], inside = folder): Promise<string> =>
    runCommand(command, args, { folder: inside, output: 'on failure' });
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages]);
  await run(python, ['-m', 'pip', 'download', '--no-deps', '--dest', 'wheel', wheel]);
  const [file = ''] = await readdir(join(folder, 'wheel'));
  await run(python, ['-c', unpack, join('wheel', file), '.']);
  await linkLibraries(join(folder, 'tensorflow'), join(packageFolder, 'deps'));
  const arguments_ = [
    'rebuild',
    '--module_name=tfjs_binding',
    `--module_path=${binding}`,
    `--napi_build_version=${nodeApi}`,
    ...(await ownHeaders()),
  ];
  await run(join(folder, 'node_modules/.bin/node-gyp'), arguments_, packageFolder);
  return folder;
}

/** Where the headers of this Node.js are, when it was installed with them: else they are downloaded. */
async function ownHeaders(): Promise<string[]> {
  const folder = resolve(dirname(process.execPath), '..');
  const isThere = await exists(join(folder, 'include/node/node_api.h'));
  return isThere ? [`--nodedir=${folder}`] : [];
}

/** Puts TensorFlow where the sources of the package look for it, under the names that they expect. */
async function linkLibraries(tensorflow: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await mkdir(join(target, 'lib'), { recursive: true });
  await symlink(join(tensorflow, 'include'), join(target, 'include'));
  const libraries = {
    'libtensorflow_cc.so.2': ['libtensorflow_cc.so.2', 'libtensorflow.so'],
    'libtensorflow_framework.so.2': ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
  };
  for (const [library, names] of Object.entries(libraries)) {
    for (const name of names) await symlink(join(tensorflow, library), join(target, 'lib', name));
  }
}
