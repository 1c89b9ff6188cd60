import { describe, expect, test } from 'vitest';
import { createAttack } from '../../src/attacks/create-attack.ts';
import { planAudit, sampleSelection, type AuditPlan } from '../../src/audit/plan.ts';
import type { AuditSubject, SubjectRecord } from '../../src/audit/subject.ts';
import { parseConfigOrThrow } from '../../src/config/parse-config.ts';

const subject: AuditSubject = {
  folder: '/w',
  modelPath: '/w/model.json',
  input: { bounds: [0, 1] },
  data: { format: 'csv', file: '/w/data.csv', label: 'y' },
  uncertainty: { method: 'auto', passes: 100, standardError: 0.01, calibration: { samples: 500 } },
  outside: [{ name: 'Letters', data: { format: 'csv', file: '/w/letters.csv', label: 'y' } }],
  transferFrom: [],
  averagedPasses: 1,
  selection: { count: 100, selection: 'random' },
  engine: 'wasm',
  seed: 0,
};

function record(changes: Partial<SubjectRecord> = {}): SubjectRecord {
  return {
    model: {
      format: 'layers-model',
      fingerprint: 'm',
      inputShape: [28, 28, 1],
      classCount: 10,
      classNames: [],
      bounds: [0, 1],
      parameterCount: 1,
      logits: '',
      notes: [],
    },
    modelFiles: [],
    dataFiles: ['/w/data.csv'],
    dataFingerprint: 'd',
    dataCount: 1000,
    engine: { name: 'wasm', version: '1' },
    posterior: {
      applicable: true,
      method: 'mc-dropout',
      description: '',
      reason: '',
      passes: 100,
      passesReason: '',
    },
    scored: true,
    calibration: undefined,
    companionFiles: [],
    uncertaintyFingerprint: 'u',
    outside: [{ name: 'Letters', files: [], fingerprint: 'l', count: 40 }],
    transferFrom: [],
    ...changes,
  };
}

function plan(fields = '', changes: Partial<SubjectRecord> = {}): AuditPlan {
  const config = parseConfigOrThrow(
    `{ "version": 1, "models": ["model.json"], "data": { "format": "csv", "file": "data.csv", "label": "y" } ${fields} }`,
    'assay.config.json',
  );
  const selected = { ...subject, selection: sampleSelection(config, {}) };
  return planAudit(config, {}, selected, record(changes));
}

describe('a plan', () => {
  test('takes disjoint samples and a separate clean set, chosen by seed', () => {
    const { samples, baseline, conditions } = plan();
    expect(samples).toHaveLength(100);
    expect(baseline).toHaveLength(100);
    expect(new Set([...samples, ...baseline]).size).toBe(200);
    expect(conditions.map(({ id }) => id)).toEqual([
      'clean',
      'baseline',
      'fgsm-linf-0.1',
      'carlini-wagner-l2-quick',
      'noise-like-fgsm-linf-0.1',
      'noise-like-carlini-wagner-l2-quick',
    ]);
    expect(plan().samples).toEqual(samples);
    expect(plan(', "selection": "first"').samples).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  test('audits all there is when there is too little, and says so by an empty separate set', () => {
    const small = plan('', { dataCount: 60 });
    expect([small.samples.length, small.baseline.length]).toEqual([60, 0]);
    expect(small.conditions.map(({ id }) => id)).not.toContain('baseline');
    const middle = plan('', { dataCount: 150 });
    expect([middle.samples.length, middle.baseline.length]).toEqual([100, 50]);
  });

  test('no samples is an error', () => {
    expect(() => plan('', { dataCount: 0 })).toThrow('The data set has no samples.');
  });

  test('colour images are attacked with 8/255 by default', () => {
    const { model } = record();
    const colour = plan('', { model: { ...model, inputShape: [224, 224, 3] } });
    expect(colour.conditions[2]?.label).toBe('FGSM L∞ ε=8/255');
  });

  test('cheap conditions come first, and each score after what it scores', () => {
    const { pieces } = plan();
    const position = new Map(pieces.map(({ key }, i) => [key, i]));
    expect(pieces.slice(0, 2).map(({ step, condition }) => [condition.id, step.kind])).toEqual([
      ['clean', 'predict'],
      ['clean', 'predict'],
    ]);
    for (const { inputsFrom, key } of pieces) {
      if (inputsFrom !== undefined) {
        expect(position.get(inputsFrom)).toBeLessThan(position.get(key) ?? -1);
      }
    }
    expect(pieces.at(-1)?.condition.id).toBe('noise-like-carlini-wagner-l2-quick');
  });

  test('keys change with whatever changes the result, and with nothing else', () => {
    const keys = (p: AuditPlan) => p.pieces.map(({ key }) => key);
    const base = keys(plan());
    expect(keys(plan())).toEqual(base);
    expect(keys(plan(', "requirements": [{ "check": "clean-accuracy", "minimum": 1 }]'))).toEqual(
      base,
    );
    const scores = (p: AuditPlan) => p.pieces.map(({ step, key }) => step.kind === 'score' && key);
    const attacks = (p: AuditPlan) =>
      p.pieces.map(({ step, key }) => step.kind === 'attack' && key);
    const otherPosterior = plan('', { uncertaintyFingerprint: 'v' });
    expect(scores(otherPosterior)).not.toEqual(scores(plan()));
    expect(attacks(otherPosterior)).toEqual(attacks(plan()));
    expect(keys(plan('', { dataFingerprint: 'other' }))).not.toEqual(base);
    expect(keys(plan('', { engine: { name: 'native', version: '1' } }))).not.toEqual(base);
    expect(new Set(base).size).toBe(base.length);
  });

  test('nothing is scored when uncertainty is off; without a posterior the other scores are left', () => {
    const posterior = { applicable: false, reason: '', remedy: '' } as const;
    const scores = (p: AuditPlan) => p.pieces.filter(({ step }) => step.kind === 'score');
    expect(scores(plan('', { posterior, scored: false }))).toEqual([]);
    expect(scores(plan('', { posterior })).map(({ step }) => step)).toContainEqual({
      kind: 'score',
      source: undefined,
      passes: 0,
      calibrated: true,
    });
    // Its calibration is reported, and that of no other condition.
    const calibrated = scores(plan()).flatMap(({ condition, step }) =>
      step.kind === 'score' && step.calibrated ? [condition.id] : [],
    );
    expect([...new Set(calibrated)]).toEqual(['clean']);
  });

  const further = (conditions: string, changes: Partial<SubjectRecord> = {}) =>
    plan(
      `, "attacks": [{ "attack": "fgsm", "epsilon": 0.1 }], "conditions": [${conditions}]`,
      changes,
    );

  test('further conditions take the place of the control that every attack has', () => {
    const { conditions } = further(`
      { "condition": "corruption", "corruption": "rotation" },
      { "condition": "out-of-distribution", "name": "Letters", "data": { "format": "csv", "file": "letters.csv", "label": "y" } },
      { "condition": "evasion", "attack": { "attack": "pgd", "epsilon": 0.1 }, "weight": 2 }`);
    expect(conditions.slice(3).map(({ id, kind, indices }) => [id, kind, indices.length])).toEqual([
      ['rotation-3', 'corruption', 100],
      ['outside-letters', 'out-of-distribution', 40],
      ['evasive-2-pgd-linf-0.1', 'attack', 100],
    ]);
    expect(new Set(conditions[4]?.indices).size).toBe(40);
  });

  test('noise is matched to the pieces of its attack', () => {
    const { pieces } = further('{ "condition": "matched-noise", "attack": "fgsm-linf-0.1" }');
    const attack = pieces.filter(({ step }) => step.kind === 'attack');
    const noise = pieces.filter(({ step }) => step.kind === 'match-noise');
    expect(noise.map(({ inputsFrom }) => inputsFrom)).toEqual(attack.map(({ key }) => key));
    expect(noise.every(({ inputsOf }) => inputsOf === 'fgsm-linf-0.1')).toBe(true);
    expect(() => further('{ "condition": "matched-noise", "attack": "pgd" }')).toThrow(
      'There is no attack "pgd" to match noise with.',
    );
  });

  test('an adversary who evades an ensemble looks at all its members', () => {
    const evasion =
      '{ "condition": "evasion", "attack": { "attack": "pgd", "epsilon": 0.1 }, "passes": 9 }';
    const posterior = {
      applicable: true,
      method: 'ensemble',
      description: '',
      reason: '',
      passes: 3,
      passesReason: '',
    } as const;
    const passesOf = (changes: Partial<SubjectRecord>) =>
      further(evasion, changes).pieces.flatMap(({ step }) =>
        step.kind === 'evade' ? [step.evasion.passes] : [],
      );
    expect(new Set(passesOf({ posterior }))).toEqual(new Set([3]));
    expect(new Set(passesOf({ posterior: { ...posterior, method: 'mc-dropout' } }))).toEqual(
      new Set([9]),
    );
  });

  test('an adversary who cannot evade is left out with a reason', () => {
    const evasion = '{ "condition": "evasion", "attack": { "attack": "pgd", "epsilon": 0.1 } }';
    const posterior = { applicable: false, reason: 'No dropout.', remedy: 'Add it.' } as const;
    const { conditions, skipped } = further(evasion, { posterior });
    expect(conditions).toHaveLength(3);
    expect(skipped).toMatchObject([{ reason: 'No dropout.', remedy: 'Add it.' }]);
  });

  test('the same attack listed twice is run once; a target makes it another', () => {
    const { conditions } = plan(`, "attacks": [
      { "attack": "fgsm", "epsilon": 0.1 }, { "attack": "fgsm", "norm": "Linf", "epsilon": 0.1 },
      { "attack": "fgsm", "epsilon": 0.1, "target": "next" }, { "attack": "fgsm", "epsilon": 0.1, "target": 3 }]`);
    const attacks = conditions.filter(({ kind }) => kind === 'attack');
    expect(attacks.map(({ id, label }) => [id, label])).toEqual([
      ['fgsm-linf-0.1', 'FGSM L∞ ε=0.1'],
      ['fgsm-linf-0.1-target-next', 'FGSM L∞ ε=0.1 → next class'],
      ['fgsm-linf-0.1-target-3', 'FGSM L∞ ε=0.1 → class 3'],
    ]);
  });

  test.each([
    ['fgsm', '"epsilon": 0.1'],
    ['bim', '"epsilon": 0.1, "steps": 5'],
    ['pgd', '"epsilon": 0.1, "norm": "L2", "restarts": 2'],
    ['mi-fgsm', '"epsilon": 0.1, "momentum": 0.9'],
    ['apgd', '"epsilon": 0.1, "loss": "dlr"'],
    ['square', '"epsilon": 0.1, "queries": 100'],
    ['noise', '"epsilon": 0.1, "distribution": "corners"'],
    ['autoattack', '"epsilon": 0.1'],
    ['carlini-wagner', '"preset": "full", "confidence": 5'],
    ['deepfool', '"overshoot": 0.1'],
    ['ddn', '"steps": 50'],
    ['fmn', '"norm": "L1"'],
    ['fab', '"targets": 3'],
  ])('%s of a configuration is an attack', (name, fields) => {
    const [, , condition] = plan(`, "attacks": [{ "attack": "${name}", ${fields} }]`).conditions;
    const settings = condition?.attack?.settings;
    expect(settings).toBeDefined();
    if (settings !== undefined) expect(createAttack(settings).name).toBe(name);
  });
});
