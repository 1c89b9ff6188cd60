import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PieceTask } from '../../src/audit/piece.ts';
import { IrisWorkspace } from './iris-workspace.ts';

async function withRequirements(requirements: readonly object[]): Promise<IrisWorkspace> {
  const workspace = await IrisWorkspace.make();
  const path = join(workspace.folder, 'assay.config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...config, samples: 50, requirements }));
  return workspace;
}

/** Attacks that were run, by name, in order. */
function recorder() {
  const ran: string[] = [];
  return {
    ran,
    beforePiece: ({ step, indices }: PieceTask) => {
      // Not the five samples with twice the steps, which are no part of a condition.
      if (step.kind === 'attack' && indices.length > 5) ran.push(step.settings.attack);
      if (step.kind === 'score') ran.push('score');
    },
  };
}

const untilDecided = { overrides: { untilDecided: true } };

describe('an audit that only asks for a decision', () => {
  test('leaves out what no requirement needs', async () => {
    const workspace = await withRequirements([{ check: 'clean-accuracy', minimum: 0.5 }]);
    const seen = recorder();
    const { report } = await workspace.audit(untilDecided, seen);
    expect(seen.ran).toEqual([]);
    expect(report.checks[0]).toMatchObject({ verdict: 'pass' });
    expect(report.checks[0]?.explanation).toContain('Decided after 50 samples: at least');
    const attack = report.conditions.find(({ kind }) => kind === 'attack');
    expect(attack).toMatchObject({ state: 'cancelled', finished: 0, accuracy: null });
    expect(report.robustness).toBeUndefined();
  });

  test('runs the attack of a requirement, and decides against the model', async () => {
    const workspace = await withRequirements([
      { check: 'robust-accuracy', attack: 'fgsm-l2-0.5', minimum: 0.9 },
      { check: 'median-distance', attack: 'carlini-wagner-l2-quick', minimum: 0.001 },
    ]);
    const seen = recorder();
    const { report } = await workspace.audit(untilDecided, seen);
    expect(seen.ran).toEqual(['fgsm', 'carlini-wagner']);
    expect(report.checks.map(({ verdict }) => verdict)).toEqual(['fail', 'pass']);
    const [robust] = report.checks;
    expect(robust?.upper).toBeLessThan(0.9);
  });

  test('does not wait for distances of an attack that uses up its budget', async () => {
    const workspace = await withRequirements([
      { check: 'median-distance', attack: 'fgsm-l2-0.5', minimum: 0.001 },
    ]);
    const seen = recorder();
    const { report } = await workspace.audit(untilDecided, seen);
    expect(seen.ran).toEqual([]);
    expect(report.checks[0]).toMatchObject({ verdict: 'unknown', measured: null });
  });

  test('says so when the samples do not decide', async () => {
    const workspace = await withRequirements([{ check: 'clean-accuracy', minimum: 0.95 }]);
    const { report } = await workspace.audit(untilDecided);
    expect(report.checks[0]).toMatchObject({ verdict: 'warn' });
    expect(report.checks[0]?.explanation).toContain('Not decided after 50 samples');
  });
});
