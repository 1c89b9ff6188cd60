import { describe, expect, test } from 'vitest';
import { parseConfig, parseConfigOrThrow } from '../../src/config/parse-config.ts';
import { describeError } from '../../src/errors/assay-error.ts';

const data = '"data": { "format": "idx", "inputs": "images", "labels": "labels" }';
const withField = (field: string) => `{
  "version": 1,
  "models": ["model.json"],
  ${data},
  ${field}
}`;

function problemsOf(text: string): string[] {
  return parseConfig(text).problems.map(
    ({ line, column, field, message }) => `${line}:${column} ${field}: ${message}`,
  );
}

describe('a configuration is checked with exact places', () => {
  test('defaults are filled in', () => {
    const { config, problems } = parseConfig(withField('"seed": 7'));
    expect(problems).toEqual([]);
    expect(config).toMatchObject({
      seed: 7,
      preset: 'quick',
      selection: 'random',
      input: { bounds: [0, 1] },
      uncertainty: { method: 'auto', passes: 100 },
      requirements: [],
    });
    expect(config?.attacks).toBeUndefined();
  });

  test('a byte order mark is no part of the text, and moves no place', () => {
    const wrong = parseConfig('\uFEFF{ "version": 2 }').problems.find(
      ({ field }) => field === 'version',
    );
    expect(wrong).toMatchObject({ offset: 14, line: 1, column: 15 });
  });

  test('comments and trailing commas are allowed', () => {
    expect(problemsOf(withField('"seed": 1, // the seed\n'))).toEqual([]);
  });

  test.each([
    ['"sede": 1', ['5:3 sede: Unknown field "sede". Did you mean "seed"?']],
    [
      '"attacks": [{ "attack": "fgsm", "epsilo": 0.1 }]',
      [
        '5:15 attacks[0].epsilon: The field "epsilon" is missing.',
        '5:35 attacks[0].epsilo: Unknown field "epsilo". Did you mean "epsilon"?',
      ],
    ],
    [
      '"attacks": [{ "attack": "fgsm", "epsilon": -1 }]',
      ['5:46 attacks[0].epsilon: "attacks[0].epsilon" is -1, but must be above 0.'],
    ],
    [
      '"attacks": [{ "attack": "fgsm", "epsilon": "0.1" }]',
      ['5:46 attacks[0].epsilon: "attacks[0].epsilon" is "0.1", but must be a number.'],
    ],
    [
      '"input": { "bounds": [1, 0] }',
      ['5:24 input.bounds: The first number must be below the second.'],
    ],
    [
      '"requirements": [{ "check": "clean-accuracy", "minimum": 98 }]',
      ['5:60 requirements[0].minimum: "requirements[0].minimum" is 98, but must be at most 1.'],
    ],
    ['"preset": "fast"', [expect.stringContaining('must be one of "quick", "standard", "full"')]],
  ])('%s', (field, expected) => {
    expect(problemsOf(withField(field))).toEqual(expected);
  });

  test('a mistyped attack is told with the nearest name', () => {
    const [problem] = problemsOf(withField('"attacks": [{ "attack": "fgms", "epsilon": 1 }]'));
    expect(problem).toContain('did you mean "fgsm"?');
  });

  test('syntax errors have a place', () => {
    expect(problemsOf('{\n  "version": 1,\n  "models" ["a"]\n}')[0]).toMatch(
      /^3:12 : This is not valid JSON/,
    );
    expect(problemsOf('')).toEqual(['1:1 : This is not valid JSON: value expected.']);
  });

  test('the thrown error names file, line and field, and how many more there are', () => {
    const text = withField('"sede": 1, "preset": "fast"');
    expect(() => parseConfigOrThrow(text, 'assay.config.json')).toThrow('(and 1 more)');
    try {
      parseConfigOrThrow(text, 'assay.config.json');
    } catch (error) {
      expect(describeError(error)).toMatch(/^assay\.config\.json:5:\d+, (sede|preset): /);
    }
  });
});
