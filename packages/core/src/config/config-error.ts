import { TalariaError } from '../errors.ts'

/** One thing that is wrong with the settings, in the words that make up a sentence about it. */
export interface ConfigProblem {
  /** The variable, or the path in `config.yaml`, or the file. */
  readonly name: string
  /** Where it was found, or that it was not. */
  readonly source: string
  /** What is wrong: what was found and what was expected. Never the value of a secret. */
  readonly problem: string
  /** What to do about it. */
  readonly remedy: string
}

/** The settings cannot be used (`INVALID_CONFIG`). The message lists every problem, so that all are mended in one go. */
export class ConfigError extends TalariaError<'INVALID_CONFIG'> {
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const title = problems.length === 1 ? 'One setting is wrong:' : `${problems.length} settings are wrong:`
    super('INVALID_CONFIG', [title, ...problems.map(sentenceOf)].join('\n'), { details: { problems } })
    this.problems = problems
  }
}

function sentenceOf({ name, source, problem, remedy }: ConfigProblem): string {
  return `  ${name} (${source}) ${problem}.\n    ${remedy}.`
}
