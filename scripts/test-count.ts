import { readFile } from 'node:fs/promises';

/** How many tests of a run passed and failed. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
}

/** The parts that are used of what Vitest's JSON reporter writes. */
interface VitestResults {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

/**
 * Reads the results file of a test run: Vitest's, or that of the tests in the editor.
 *
 * @returns undefined when there is no such file, because the run did not get that far
 */
export async function readTestCount(file: string): Promise<TestCount | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const results = JSON.parse(text) as VitestResults | TestCount;
  if ('numPassedTests' in results) {
    return { passed: results.numPassedTests, failed: results.numFailedTests };
  }
  return results;
}

/** The sum of counts. */
export function sumTestCounts(counts: readonly TestCount[]): TestCount {
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  };
}
