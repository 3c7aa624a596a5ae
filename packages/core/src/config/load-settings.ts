import { readFile } from 'node:fs/promises'
import type { Env } from '../env.ts'
import { codeOf, messageOf } from '../errors.ts'
import { homePaths } from '../home.ts'
import type { Log } from '../log.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { describeFallback, expectationOf } from './describe-settings.ts'
import { parseEnvFile, type EnvFile } from './env-file.ts'
import { fileSettings, type FileSettings } from './file-settings.ts'
import type { Setting, SettingsOf, SettingsTable } from './setting.ts'

export interface LoadSettingsOptions {
  readonly env: Env
  readonly home: string
  /** The top-level sections of `config.yaml` in which unknown keys are errors: those of the table unless told otherwise. */
  readonly sections?: readonly string[]
  /** Is told of sections that look misspelt. */
  readonly log?: Log
}

/** What was found for a setting, and where. */
interface Found {
  readonly raw: unknown
  readonly source: string
}

/**
 * The settings of a table as plain values. The environment wins over `.env` in the home, that over `config.yaml`, that
 * over the fallback; an empty variable counts as not set, because that is how launchers pass on what they do not have.
 * A missing home or file is fine.
 *
 * @throws ConfigError with every problem there is: values that do not fit, what is required and missing, unknown keys in
 * the sections of this service, files that cannot be read or understood
 */
export async function loadSettings<Table extends SettingsTable>(table: Table, options: LoadSettingsOptions): Promise<SettingsOf<Table>> {
  const { configFile, envFile } = homePaths(options.home)
  const problems: ConfigProblem[] = []
  const fromEnvFile = await readEnvFile(envFile, problems)
  const fromFile = await readFileSettings(configFile, table, { ...options, problems })

  const find = ({ env: name, file: path }: Setting): Found | undefined => {
    const fromEnv = options.env[name]
    if (fromEnv?.trim()) return { raw: fromEnv, source: 'from the environment' }
    const fromHome = fromEnvFile.values[name]
    if (fromHome?.trim()) return { raw: fromHome, source: `${envFile}, line ${fromEnvFile.lineOf(name) ?? '?'}` }
    const inFile = path === undefined ? undefined : fromFile?.values.get(path)
    return inFile && { raw: inFile.value, source: `${path} in ${configFile}, line ${inFile.line}` }
  }

  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(table)) {
    const found = find(setting)
    if (!found && setting.fallback !== undefined) {
      values[name] = setting.fallback
      continue
    }
    const result = setting.schema.safeParse(found?.raw)
    if (result.success) values[name] = result.data
    else if (found) problems.push(misfitOf(setting, found))
    // A file that could not be understood may well set it.
    else if (fromFile) problems.push(absenceOf(setting, { configFile, envFile }))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return values as SettingsOf<Table>
}

function misfitOf(setting: Setting, { raw, source }: Found): ConfigProblem {
  const shown = setting.secret ? 'has a value (not shown) that does not fit' : `is ${shorten(JSON.stringify(raw))}`
  const fallback = describeFallback(setting)
  return {
    name: setting.env,
    source,
    problem: `${shown}; expected ${expectationOf(setting, raw)}`,
    remedy: `Correct it${fallback === undefined ? '' : `, or remove it to use ${fallback}`}`,
  }
}

function absenceOf(setting: Setting, { configFile, envFile }: { readonly configFile: string; readonly envFile: string }): ConfigProblem {
  const inFile = setting.file === undefined ? '' : `, or as ${setting.file} in ${configFile}`
  return {
    name: setting.env,
    source: 'not set',
    problem: `is required; expected ${expectationOf(setting, undefined)}`,
    remedy: `Set it in the environment or in ${envFile}${inFile}`,
  }
}

async function readEnvFile(file: string, problems: ConfigProblem[]): Promise<EnvFile> {
  const parsed = parseEnvFile((await readText(file, problems)) ?? '')
  for (const { line, problem } of parsed.broken)
    problems.push({ name: '.env', source: `${file}, line ${line}`, problem, remedy: 'Correct the line, or begin it with # to have it ignored' })
  return parsed
}

/** `undefined` if the file says something that could not be understood. */
async function readFileSettings(
  file: string,
  table: SettingsTable,
  { sections, log, problems }: LoadSettingsOptions & { readonly problems: ConfigProblem[] },
): Promise<FileSettings | undefined> {
  const text = await readText(file, problems)
  if (text === undefined) return undefined
  const paths = Object.values(table).flatMap((setting) => setting.file ?? [])
  const owned = sections ?? [...new Set(paths.map((path) => path.split('.')[0] ?? path))]
  if (text.trim() === '') return fileSettings({ keys: [] }, { file, paths, owned })
  try {
    // Loaded late: most homes have no such file, and starting takes 20 ms less.
    const { parseConfigFile } = await import('./config-file.ts')
    const { root, faults } = parseConfigFile(text)
    for (const { line, problem } of faults)
      problems.push({ name: 'config.yaml', source: `${file}, line ${line}`, problem: `is not valid YAML: ${problem}`, remedy: 'Correct the file' })
    if (faults.length > 0) return undefined
    const settings = fileSettings(root, { file, paths, owned })
    problems.push(...settings.problems)
    for (const { name, line, meant } of settings.suspects) log?.warn({ file, line }, `The section '${name}' belongs to nobody here. Did you mean '${meant}'?`)
    return settings
  } catch (error) {
    problems.push({ name: 'config.yaml', source: file, problem: `is not valid YAML: ${messageOf(error)}`, remedy: 'Correct the file' })
    return undefined
  }
}

/** The text of a file, empty if there is none; `undefined`, and a problem, if there is one that cannot be read. */
async function readText(file: string, problems: ConfigProblem[]): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    problems.push({
      name: file,
      source: 'the file',
      problem: `cannot be read: ${codeOf(error) ?? messageOf(error)}`,
      remedy: 'Make it a file that the user of this process may read, or remove it',
    })
    return undefined
  }
}

const shorten = (shown = 'nothing') => (shown.length > 80 ? `${shown.slice(0, 80)}…` : shown)
