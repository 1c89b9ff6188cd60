import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import { describeError } from '../errors/assay-error.ts';
import { toolVersion } from '../audit/tool-version.ts';
import { auditCommand, type AuditFlags } from './audit-command.ts';
import { exitCodes } from './exit-codes.ts';
import { type GuardFlags, exportGuardCommand } from './guard-command.ts';
import { initCommand } from './init-command.ts';
import {
  type ManifoldFlags,
  manifoldPicturesCommand,
  trainManifoldCommand,
} from './manifold-command.ts';
import { type PicturesFlags, picturesCommand } from './pictures-command.ts';

/** @throws InvalidArgumentError which commander prints with the option's name */
function wholeNumber(minimum: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${minimum}.`);
    }
    return value;
  };
}

const commanderHelp = new Help();

/** What help says of an option. A switch is off unless it is given, which nobody has to be told. */
function optionDescription(option: Option): string {
  return option.isBoolean() ? option.description : commanderHelp.optionDescription(option);
}

function program(): Command {
  const assay = new Command('assay')
    .description('Audits how a saved TensorFlow.js model behaves under attack.')
    .version(toolVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ optionDescription })
    .addHelpText(
      'after',
      '\nExit codes: 0 every requirement is met, 1 a requirement is missed, 2 the audit could not be done.',
    )
    .exitOverride();
  assay
    .command('audit')
    .description('audit a model, or every model of the configuration')
    .argument('[path]', 'model.json, assay.config.json, or a folder with one', '.')
    .option('-c, --config <file>', 'the configuration, when it is not found upwards from the path')
    .addOption(
      new Option('-p, --preset <name>', 'how many samples: 100, 400 or 1000').choices([
        'quick',
        'standard',
        'full',
      ]),
    )
    .option(
      '-n, --samples <number>',
      'number of samples, in place of that of the preset',
      wholeNumber(1),
    )
    .option('-s, --seed <number>', 'seed of every random number', wholeNumber(0))
    .addOption(
      new Option('-e, --engine <name>', 'what computes')
        .choices(['auto', 'native', 'wasm', 'tensorflow', 'cpu'])
        .default('auto'),
    )
    .option('-t, --threads <number>', 'tensor threads, 0 for one on each core', wholeNumber(0), 0)
    .option('--fresh', 'compute everything again, also what is kept from earlier runs', false)
    .option('--until-decided', 'measure only what decides the requirements, and stop then', false)
    .option('--details', 'print curves, classes, every score and calibration as well', false)
    .option('--json', 'print the report as JSON on standard output', false)
    .option('--quiet', 'no progress and no table, only problems', false)
    .action(async (path: string, flags: AuditFlags) => {
      process.exitCode = await auditCommand(path, flags);
    });
  assay
    .command('init')
    .description('write a first assay.config.json for a model')
    .argument('<model>', 'the model.json')
    .action(async (model: string) => {
      process.exitCode = await initCommand(model);
    });
  assay
    .command('pictures')
    .description(
      'draw what an audit has kept as PNG: adversaries, what attacks changed, corrections',
    )
    .argument('[path]', 'report.json, model.json, assay.config.json, or a folder with one', '.')
    .option('-c, --config <file>', 'the configuration, when it is not found upwards from the path')
    .option('-o, --output <folder>', 'where to write', 'pictures')
    .option('-n, --samples <number>', 'most samples in a row', wholeNumber(1), 10)
    .option('--quiet', 'only problems', false)
    .action(async (path: string, flags: PicturesFlags) => {
      process.exitCode = await picturesCommand(path, flags);
    });
  const manifold = assay
    .command('manifold')
    .description('learn the manifold of the data, and draw it');
  const engine = () =>
    new Option('-e, --engine <name>', 'what computes')
      .choices(['auto', 'native', 'wasm', 'tensorflow', 'cpu'])
      .default('auto');
  manifold
    .command('train')
    .description('train the manifold of the configuration, or go on where it was interrupted')
    .argument('[path]', 'assay.config.json, or a folder with one', '.')
    .option('-c, --config <file>', 'the configuration, when it is not found upwards from the path')
    .addOption(engine())
    .option('--quiet', 'no progress, only problems', false)
    .action(async (path: string, flags: ManifoldFlags) => {
      process.exitCode = await trainManifoldCommand(path, flags);
    });
  manifold
    .command('pictures')
    .description('draw reconstructions, natural adversaries, ways and random samples as PNG')
    .argument('[path]', 'assay.config.json, or a folder with one', '.')
    .option('-c, --config <file>', 'the configuration, when it is not found upwards from the path')
    .option('-o, --output <folder>', 'where to write', 'manifold-pictures')
    .addOption(engine())
    .option('--quiet', 'no progress, only problems', false)
    .action(async (path: string, flags: ManifoldFlags) => {
      process.exitCode = await manifoldPicturesCommand(path, flags);
    });
  assay
    .command('guard')
    .description('export a module that scores, refuses and corrects inputs')
    .command('export')
    .description('write models, thresholds and a module that scores, refuses and corrects inputs')
    .argument('[path]', 'model.json, assay.config.json, or a folder with one', '.')
    .option('-c, --config <file>', 'the configuration, when it is not found upwards from the path')
    .option('-o, --output <folder>', 'new, empty, or an earlier guard', 'guard')
    .addOption(engine())
    .option('--quiet', 'only problems', false)
    .action(async (path: string, flags: GuardFlags) => {
      process.exitCode = await exportGuardCommand(path, flags);
    });
  return assay;
}

async function main(): Promise<void> {
  try {
    await program().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed it already; help and version are no failures.
      process.exitCode = error.exitCode === 0 ? exitCodes.met : exitCodes.impossible;
      return;
    }
    process.stderr.write(`assay: ${describeError(error)}\n`);
    process.exitCode = exitCodes.impossible;
  }
}

void main();
