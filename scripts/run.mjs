/**
 * `node scripts/run.mjs <script.ts> [arguments]` runs a script of this folder, straight after a
 * clone too: what the project needs is installed first, when it is missing or not what the lock file
 * says. Needs nothing but Node.js and npm, so it is the one script that is not TypeScript.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ version?: string, optional?: boolean }} LockedPackage */

const root = fileURLToPath(new URL('..', import.meta.url));
const oldestNode = [20, 19];

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  console.error(
    `Assay needs Node.js ${oldestNode.join('.')} or newer; this is ${process.version}.`,
  );
  process.exit(2);
}

/**
 * @param {string} file
 * @returns {Map<string, LockedPackage>} packages by the folder they are installed in
 */
function packagesIn(file) {
  const { packages = {} } = JSON.parse(readFileSync(join(root, file), 'utf8'));
  return new Map(Object.entries(packages).filter(([folder]) => folder !== ''));
}

/** Whether node_modules holds what the lock file says, by the list that npm keeps beside it. */
function isInstalled() {
  const installedList = 'node_modules/.package-lock.json';
  if (!existsSync(join(root, installedList))) return false;
  const installed = packagesIn(installedList);
  for (const [folder, wanted] of packagesIn('package-lock.json')) {
    const found = installed.get(folder);
    // Optional packages are those of other platforms.
    if (found === undefined ? !wanted.optional : found.version !== wanted.version) return false;
  }
  return true;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {number} the exit code
 */
function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error) console.error(error.message);
  return status ?? 1;
}

checkNode();
if (!isInstalled()) {
  console.log('Installing packages (npm ci)');
  const status = run('npm', ['ci']);
  if (status !== 0) process.exit(status);
}
const [script = '', ...args] = process.argv.slice(2);
process.exit(run(process.execPath, ['--import', 'tsx', join(root, 'scripts', script), ...args]));
