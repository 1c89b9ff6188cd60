import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openEngine } from '../../../src/engine/open-engine.ts';
import type { BothResults } from './webgpu-process.ts';

/** Chromium brings software Vulkan along: a graphics card for machines that have none. */
const chromiumFolder = '/usr/lib/chromium';
const softwareVulkan = join(chromiumFolder, 'vk_swiftshader_icd.json');

afterEach(() => {
  delete process.env['ASSAY_EXECUTION_PROVIDER'];
});

function computeOnSoftwareVulkan(): BothResults {
  const program = join(import.meta.dirname, 'webgpu-process.ts');
  const output = execFileSync(process.execPath, ['--import', 'tsx', program], {
    env: {
      VK_ICD_FILENAMES: softwareVulkan,
      // Its loader of drivers too, where the system has none.
      LD_LIBRARY_PATH: chromiumFolder,
      ...process.env,
      ASSAY_EXECUTION_PROVIDER: 'webgpu',
    },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output) as BothResults;
}

describe('an execution provider', () => {
  test.skipIf(!existsSync(softwareVulkan))(
    'webgpu computes what wasm computes, and the report names it',
    () => {
      const { version, notes, actual, expected } = computeOnSoftwareVulkan();
      expect(version).toMatch(/^onnxruntime-node .* on webgpu$/);
      expect(notes).toEqual([]);
      expect(expected.map(values => values.length)).toEqual([40, 256]);
      expected.forEach((values, output) => {
        values.forEach((value, i) => expect(actual[output]?.[i]).toBeCloseTo(value, 4));
      });
    },
    60_000,
  );

  test('that does not exist is refused, with those that do', async () => {
    process.env['ASSAY_EXECUTION_PROVIDER'] = 'abacus';
    await expect(openEngine({ name: 'native' })).rejects.toMatchObject({
      code: 'engine/unknown-provider',
      remedy: 'Choose one of cpu, webgpu, cuda, dml, coreml.',
    });
  });
});
