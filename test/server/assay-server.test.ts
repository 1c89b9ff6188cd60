import { readFile, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DiagnosticSeverity } from 'vscode-languageserver/node';
import { auditsMethod, lensCommands } from '../../src/protocol/server-protocol.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { AuditedWorkspace, configText } from './audited-workspace.ts';
import { EditorClient, uriOf } from './editor-client.ts';

const summary =
  'clean 99.0% (94.6–99.8) · FGSM L∞ ε=0.1 87.0% (79.0–92.2) · C&W L2 (quick) 0.0% (0.0–3.7), median L2 1.35';

async function openModel(client: EditorClient, workspace: AuditedWorkspace): Promise<string> {
  const path = workspace.path('models/digits/model.json');
  return await client.openDocument(path, await readFile(path, 'utf8'));
}

describe('lenses on a model', () => {
  test('offer an audit while there is no report', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const uri = await openModel(client, workspace);
    expect(await client.lensTitles(uri)).toEqual(['1: Run audit', '1: Not audited yet']);
    const [run] = await client.lenses(uri);
    expect(run?.command).toMatchObject({ command: lensCommands.audit, arguments: [uri] });
  });

  test('tell what the last audit found, and how old it is', async () => {
    const workspace = await AuditedWorkspace.create();
    await workspace.writeReport({ updatedAt: new Date(Date.now() - 5 * 60_000).toISOString() });
    const client = await EditorClient.open(workspace.folder);
    expect(await client.lensTitles(await openModel(client, workspace))).toEqual([
      '1: Run audit',
      '1: Open report',
      `1: Audited 5 minutes ago · ${summary}`,
    ]);
  });

  test('say that a report is not complete, and why it is stale', async () => {
    const workspace = await AuditedWorkspace.create();
    await workspace.writeReport({ state: 'cancelled' });
    const client = await EditorClient.open(workspace.folder);
    const uri = await openModel(client, workspace);
    const shard = await workspace.write('models/digits/group1-shard1of1.bin', 'other weights');
    expect(await client.lensTitles(uri)).toContain(
      `1: Audited just now · incomplete · $(warning)\u00a0stale: the weights changed (models/digits/group1-shard1of1.bin) · ${summary}`,
    );
    await workspace.write('models/digits/group1-shard1of1.bin', 'weights');
    await client.tellChanged(shard);
    expect(await client.lensTitles(uri)).toContain(`1: Audited just now · incomplete · ${summary}`);
  });

  test('take a file that was only touched for what it was', async () => {
    const workspace = await AuditedWorkspace.create();
    await workspace.writeReport();
    await utimes(workspace.path('data/x_test.npy'), new Date(), new Date(Date.now() + 5000));
    const client = await EditorClient.open(workspace.folder);
    const titles = await client.lensTitles(await openModel(client, workspace));
    expect(titles).toContain(`1: Audited just now · ${summary}`);
  });

  test('explain a report that cannot be read', async () => {
    const workspace = await AuditedWorkspace.create();
    await workspace.write('.assay/reports/models__digits/report.json', '{"version": 2}');
    const client = await EditorClient.open(workspace.folder);
    const titles = await client.lensTitles(await openModel(client, workspace));
    expect(titles.join()).toMatch(/\$\(error\)\u00a0.*newer than this Assay/);
  });

  test('offer to cancel while an audit runs', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const uri = await openModel(client, workspace);
    await client.connection.sendNotification(auditsMethod, { modelUris: [uri] });
    expect(await client.lensTitles(uri)).toEqual([
      '1: $(sync~spin)\u00a0Auditing…',
      '1: Cancel audit',
      '1: Not audited yet',
    ]);
    await client.connection.sendNotification(auditsMethod, { modelUris: [] });
    expect(await client.lensTitles(uri)).toContain('1: Run audit');
    await expect.poll(() => client.refreshes).toBeGreaterThan(0);
  });

  test('are not shown above another file of that name', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const text = '{"name": "a car"}';
    const uri = await client.openDocument(await workspace.write('cars/model.json', text), text);
    expect(await client.lenses(uri)).toEqual([]);
    expect(await client.diagnostics(uri)).toEqual([]);
  });

  test('are not shown above a model outside the workspace', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(await temporaryFolder());
    expect(await client.lenses(await openModel(client, workspace))).toEqual([]);
  });

  test('are not shown when they are switched off, and come back', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const uri = await openModel(client, workspace);
    await client.switchLenses(false);
    expect(await client.lenses(uri)).toEqual([]);
    await client.switchLenses(true);
    expect(await client.lenses(uri)).toHaveLength(2);
  });

  test('change when a report does, and the editor is told to ask again', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const uri = await openModel(client, workspace);
    expect(await client.lenses(uri)).toHaveLength(2);
    await expect.poll(() => client.watched).toContain('**/.assay/reports/*/report.json');
    const report = await workspace.writeReport();
    await client.tellChanged(report);
    await expect.poll(() => client.refreshes).toBe(1);
    expect(await client.lensTitles(uri)).toContain(`1: Audited just now · ${summary}`);
    await rm(report);
    await client.tellChanged(report);
    expect(await client.lenses(uri)).toHaveLength(2);
  });
});

describe('lenses on a configuration', () => {
  test('tell of each model, each attack and each requirement', async () => {
    const workspace = await AuditedWorkspace.create();
    await workspace.writeReport();
    const client = await EditorClient.open(workspace.folder);
    const uri = await client.openDocument(workspace.path('assay.config.json'), configText, 'jsonc');
    expect(await client.lensTitles(uri)).toEqual([
      '4: Run audit',
      '4: Open report',
      `4: Audited just now · ${summary}`,
      '7: digits: accuracy 87.0% (79.0–92.2)',
      '9: digits: accuracy 0.0% (0.0–3.7) · median L2 1.35',
      '12: $(pass)\u00a0digits: At least 94.6% with 95% confidence.',
      '13: $(error)\u00a0digits: 87.0% is below the required 95.0%.',
    ]);
  });

  test('know an attack by its settings, wherever it stands', async () => {
    const workspace = await AuditedWorkspace.create();
    await workspace.writeReport();
    const client = await EditorClient.open(workspace.folder);
    const uri = await client.openDocument(workspace.path('assay.config.json'), configText, 'jsonc');
    const attackLenses = async (attacks: string): Promise<string[]> => {
      const before = configText.slice(0, configText.indexOf('"attacks"'));
      const after = configText.slice(configText.indexOf('"requirements"'));
      await client.changeDocument(uri, `${before}"attacks": ${attacks},\n${after}`);
      const titles = await client.lensTitles(uri);
      return titles.filter(title => title.includes('accuracy'));
    };
    expect(await attackLenses('[{ "attack": "carlini-wagner", "preset": "full" }]')).toEqual([]);
    expect(await attackLenses('[{ "attack": "carlini-wagner", "confidence": 5 }]')).toEqual([]);
    expect(await attackLenses('[{ "attack": "fgsm", "epsilon": 0.1, "norm": "L2" }]')).toEqual([]);
    expect(await attackLenses('[{ "attack": "fgsm", "epsilon": 0.1, "target": "next" }]')).toEqual(
      [],
    );
    expect(
      await attackLenses('[{ "attack": "carlini-wagner" }, { "attack": "fgsm", "epsilon": 0.1 }]'),
    ).toEqual([
      '6: digits: accuracy 0.0% (0.0–3.7) · median L2 1.35',
      '6: digits: accuracy 87.0% (79.0–92.2)',
    ]);
  });

  test('are gone while it cannot be parsed', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const uri = await client.openDocument(workspace.path('assay.config.json'), '{ "version": 1');
    expect(await client.lenses(uri)).toEqual([]);
  });
});

describe('lenses on calls that load a model', () => {
  test('stand above the call, in any of the languages', async () => {
    const workspace = await AuditedWorkspace.create();
    await workspace.writeReport();
    const client = await EditorClient.open(workspace.folder);
    for (const [language, ending] of [
      ['javascript', 'js'],
      ['typescript', 'ts'],
      ['javascriptreact', 'jsx'],
      ['typescriptreact', 'tsx'],
    ] as const) {
      const text =
        "import * as tf from '@tensorflow/tfjs-node';\n\n" +
        "const model = await tf.loadLayersModel('file://models/digits/model.json');\n";
      const uri = await client.openDocument(workspace.path(`src/app.${ending}`), text, language);
      expect(await client.lensTitles(uri)).toEqual([
        '3: Run audit',
        '3: Open report',
        `3: Audited just now · ${summary}`,
      ]);
    }
  });

  test('find the configuration of another folder of the workspace', async () => {
    const [first, second] = [await AuditedWorkspace.create(), await AuditedWorkspace.create()];
    await second.writeReport();
    const client = await EditorClient.open(first.folder, second.folder);
    const text = `tf.loadGraphModel('file://${second.path('models/digits/model.json')}')`;
    const uri = await client.openDocument(first.path('app.js'), text, 'javascript');
    expect((await client.lensTitles(uri)).join()).toContain(summary);
    const outside = await client.openDocument(
      first.path('other.js'),
      `tf.loadGraphModel('file://${join(await temporaryFolder(), 'model.json')}')`,
      'javascript',
    );
    expect(await client.lenses(outside)).toEqual([]);
  });
});

describe('hovers', () => {
  test('show the table of conditions over a model path, a load call and a model', async () => {
    const workspace = await AuditedWorkspace.create();
    await workspace.writeReport();
    const client = await EditorClient.open(workspace.folder);
    const config = await client.openDocument(workspace.path('assay.config.json'), configText);
    const source = await client.openDocument(
      workspace.path('app.js'),
      "tf.loadLayersModel('models/digits/model.json')",
      'javascript',
    );
    const places = [
      [config, 3, 20],
      [source, 0, 5],
      [await openModel(client, workspace), 0, 0],
    ] as const;
    for (const [uri, line, character] of places) {
      const hover = JSON.stringify((await client.hover(uri, line, character))?.contents);
      const contents = hover.replaceAll('\u00a0', ' ').replaceAll('\u2060', '');
      expect(contents).toContain('**digits** · Audited just now');
      expect(contents).toContain('| condition | accuracy (95%) | median distance |');
      expect(contents).toContain('| C&W L2 (quick) | 0.0% (0.0–3.7) | L2 1.35 |');
      expect(contents).toContain('fail: Accuracy under FGSM');
    }
    expect(await client.hover(config, 1, 5)).toBeNull();
  });

  test('never let the text of a report become Markdown', async () => {
    const workspace = await AuditedWorkspace.create();
    const report = await workspace.writeReport();
    const hostile = (await readFile(report, 'utf8')).replaceAll('FGSM', '![x](https://a.b/c)');
    await workspace.write('.assay/reports/models__digits/report.json', hostile);
    const client = await EditorClient.open(workspace.folder);
    const hover = await client.hover(await openModel(client, workspace), 0, 0);
    expect(JSON.stringify(hover)).not.toContain('![x]');
    expect(JSON.stringify(hover)).toContain(
      JSON.stringify('A | B \\<img src=x\\> \\*masked\\*.').slice(1, -1),
    );
  });
});

describe('links', () => {
  test('lead from a configuration to models and data, from a model to shards', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const config = await client.openDocument(workspace.path('assay.config.json'), configText);
    const targets = (await client.links(config)).map(({ target }) => target);
    expect(targets).toEqual(
      ['models/digits/model.json', 'data/x_test.npy', 'data/y_test.npy'].map(name =>
        uriOf(workspace.path(name)),
      ),
    );
    const [shard] = await client.links(await openModel(client, workspace));
    expect(shard?.target).toBe(uriOf(workspace.path('models/digits/group1-shard1of1.bin')));
  });

  test('stand on the path in a load call, without its quotes', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const text = "tf.loadLayersModel('models/digits/model.json')";
    const uri = await client.openDocument(workspace.path('app.js'), text, 'javascript');
    const [link] = await client.links(uri);
    const { start, end } = link?.range ?? { start: { character: 0 }, end: { character: 0 } };
    expect(text.slice(start.character, end.character)).toBe('models/digits/model.json');
  });
});

describe('diagnostics', () => {
  test('of a configuration stand exactly where the problem is', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const text = configText
      .replace('"epsilon": 0.1', '"epsilon": -1')
      .replace('"minimum": 0.9 ', '"minium": 0.9 ');
    const uri = await client.openDocument(workspace.path('assay.config.json'), text, 'jsonc');
    const found = (await client.diagnostics(uri)).map(({ range, message, code }) => [
      text.split('\n')[range.start.line]?.slice(range.start.character, range.end.character),
      message,
      code,
    ]);
    expect(found).toContainEqual([
      '-1',
      '"attacks[0].epsilon" is -1, but must be above 0.',
      'config/invalid',
    ]);
    expect(found).toContainEqual([
      '"minium"',
      'Unknown field "minium". Did you mean "minimum"?',
      'config/invalid',
    ]);
  });

  test('name files that are not there', async () => {
    const workspace = await AuditedWorkspace.create();
    await rm(workspace.path('data/y_test.npy'));
    const client = await EditorClient.open(workspace.folder);
    const uri = await client.openDocument(workspace.path('assay.config.json'), configText);
    expect(await client.diagnostics(uri)).toMatchObject([
      {
        severity: DiagnosticSeverity.Error,
        message: 'There is no "data/y_test.npy" in the folder of this configuration.',
        range: { start: { line: 4 } },
      },
    ]);
  });

  test('name the requirements that the model misses, as long as the report is not stale', async () => {
    const workspace = await AuditedWorkspace.create();
    await workspace.writeReport();
    const client = await EditorClient.open(workspace.folder);
    const uri = await client.openDocument(workspace.path('assay.config.json'), configText);
    expect(await client.diagnostics(uri)).toMatchObject([
      {
        severity: DiagnosticSeverity.Error,
        code: 'requirement/fail',
        message: 'digits: Accuracy under FGSM L∞ ε=0.1: 87.0% is below the required 95.0%.',
        range: { start: { line: 12, character: 72 }, end: { line: 12, character: 76 } },
      },
    ]);
    const model = await workspace.write('models/digits/group1-shard1of1.bin', 'changed');
    await client.tellChanged(model);
    expect(await client.diagnostics(uri)).toEqual([]);
  });

  test('name a shard that is missing, or that would be read from elsewhere', async () => {
    const workspace = await AuditedWorkspace.create();
    const client = await EditorClient.open(workspace.folder);
    const text = JSON.stringify({
      modelTopology: {},
      weightsManifest: [{ paths: ['gone.bin', '../../secret.bin'], weights: [] }],
    });
    const uri = await client.openDocument(await workspace.write('models/b/model.json', text), text);
    expect((await client.diagnostics(uri)).map(({ code }) => code)).toEqual([
      'model/shard-missing',
      'model/shard-outside',
    ]);
  });
});
