import { statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { metafileOf, projectFolder, readPackage, vsixFile } from './packed-extension.ts';

const files = readPackage();

/** Everything that is shipped. A file that is missing here was packed by accident. */
const expectedFiles = [
  'LICENSE.txt',
  'ThirdPartyNotices.txt',
  'changelog.md',
  'dist/extension.cjs',
  'dist/guard/guard.d.ts',
  'dist/guard/guard.js',
  'dist/guard/guard.ts',
  'dist/server.cjs',
  'dist/tensor-thread.cjs',
  'dist/tfjs-backend-wasm-simd.wasm',
  'dist/tfjs-backend-wasm.wasm',
  'dist/webview/codicon.css',
  'dist/webview/codicon.ttf',
  'dist/webview/panel.css',
  'dist/webview/panel.js',
  'dist/worker.cjs',
  'media/assay-dark.svg',
  'media/assay-light.svg',
  'media/icon.png',
  'media/walkthrough-audit.svg',
  'media/walkthrough-config.svg',
  'media/walkthrough-lenses.svg',
  'media/walkthrough-report.svg',
  'package.json',
  'package.nls.json',
  'readme.md',
  'schemas/assay.config.completion.schema.json',
  'schemas/assay.config.schema.json',
  'schemas/audit-report.schema.json',
];

describe('the packed extension', () => {
  test('consists of exactly the files that it needs', () => {
    expect([...files.keys()].sort()).toEqual(expectedFiles);
  });

  test('is small', () => {
    expect(statSync(vsixFile).size).toBeLessThan(20e6);
  });

  test('says nothing of the machine that built it', () => {
    const telling = [projectFolder, 'sourceMappingURL', '_authToken', 'PRIVATE KEY'];
    const told = [...files].flatMap(([path, content]) =>
      telling.filter(text => content.includes(text)).map(text => `${path} contains ${text}`),
    );
    expect(told).toEqual([]);
  });

  test('has every file that its manifest names', () => {
    const manifest = files.get('package.json')?.toString() ?? '';
    const named = [...manifest.matchAll(/"\.?\/?((?:dist|media|schemas)\/[^"]+)"/g)];
    const paths = named.map(([, path = '']) => path).filter(path => path !== 'dist/cli.cjs');
    expect(paths.length).toBeGreaterThan(1);
    expect(paths.filter(path => !files.has(path))).toEqual([]);
  });

  test('names every package that is part of it, with its licence', () => {
    const notices = files.get('ThirdPartyNotices.txt')?.toString() ?? '';
    const bundles = ['extension', 'server', 'worker', 'tensor-thread', 'panel'];
    const inputs = bundles.flatMap(bundle => Object.keys(metafileOf(bundle).inputs));
    const names = inputs.flatMap(input => {
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
      return name === undefined ? [] : [name];
    });
    expect(names).toContain('@tensorflow/tfjs-core');
    const unnamed = new Set(names.filter(name => !notices.includes(`${name} `)));
    expect([...unnamed]).toEqual([]);
  });
});

describe('no tensor library', () => {
  test.each(['extension', 'server', 'panel'])('is part of the bundle %s', bundle => {
    const inputs = Object.keys(metafileOf(bundle).inputs);
    expect(inputs.length).toBeGreaterThan(1);
    expect(inputs.filter(input => /@tensorflow|onnxruntime/.test(input))).toEqual([]);
  });
});
