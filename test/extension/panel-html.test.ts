import { describe, expect, test } from 'vitest';
import { panelHtml } from '../../src/extension/panel-html.ts';

const assets = {
  script: 'https://files.example/panel.js',
  style: 'https://files.example/panel.css',
  icons: 'https://files.example/codicon.css',
  contentSource: 'https://files.example',
};

describe('the page of the panel', () => {
  const html = panelHtml(assets, 'bm9uY2U=', 'file:///a%20b/model.json', 'de');

  test('allows its own script, styles and fonts, and nothing else', () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    expect(policy?.split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'nonce-bm9uY2U='",
      'style-src https://files.example',
      'font-src https://files.example',
    ]);
    expect(html).not.toContain('unsafe');
    expect(html).not.toMatch(/ style=| on\w+=/);
  });

  test('has every script under the nonce', () => {
    const scripts = [...html.matchAll(/<script[^>]*>/g)].map(([tag]) => tag);
    expect(scripts).toHaveLength(1);
    expect(scripts[0]).toContain('nonce="bm9uY2U="');
  });

  test('cannot be broken out of by the name of a folder', () => {
    const hostile = panelHtml(assets, 'n', `file:///"><script>alert(1)</script>&/model.json`, 'en');
    expect([...hostile.matchAll(/<script/g)]).toHaveLength(1);
    expect(hostile).toContain('data-model-uri="file:///&#34;&#62;&#60;script');
  });
});
