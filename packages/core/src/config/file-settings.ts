import { closestName } from './closest-name.ts'
import type { ConfigProblem } from './config-error.ts'
import type { FileKey, FileSection, FileValue } from './config-file.ts'

/** What `config.yaml` says about the settings of one service. */
export interface FileSettings {
  /** By path; a key without a value says nothing. */
  readonly values: ReadonlyMap<string, FileValue>
  readonly problems: readonly ConfigProblem[]
  /** Sections that nobody owns under this name, but that were probably meant to be ours. */
  readonly suspects: readonly { readonly name: string; readonly line: number; readonly meant: string }[]
}

/**
 * Takes the values at `paths` out of the sections that this service owns. A key there that is no setting is a problem:
 * it is a typing error whose effect would be silence. Sections of other services are left to them.
 */
export function fileSettings(
  root: FileSection,
  options: { readonly file: string; readonly paths: readonly string[]; readonly owned: readonly string[] },
): FileSettings {
  const { file, owned } = options
  const paths = new Set(options.paths)
  const sections = new Set(options.paths.flatMap(parentsOf))
  const values = new Map<string, FileValue>()
  const problems: ConfigProblem[] = []

  const walk = ({ keys }: FileSection, prefix: string) => {
    for (const key of keys) {
      const path = prefix + key.name
      if (paths.has(path)) take(key, path)
      else if (sections.has(path)) enter(key, path)
      else complain(key, path)
    }
  }
  const take = ({ line, read }: FileKey, path: string) => {
    const value = read()
    if (value !== null && value !== undefined) values.set(path, { value, line })
  }
  const enter = (key: FileKey, path: string) => {
    const section = key.section()
    if (section) return walk(section, `${path}.`)
    if (key.read() === null) return
    const inside = options.paths.find((candidate) => candidate.startsWith(`${path}.`))
    report(key, path, 'is a section, and has a value here', `Indent what belongs into it below it, such as ${inside}`)
  }
  const complain = (key: FileKey, path: string) => {
    const meant = closestName(path, [...paths, ...sections])
    report(key, path, 'is not a setting', meant ? `Did you mean ${meant}? Else remove it` : 'Remove it')
  }
  const report = ({ line }: FileKey, name: string, problem: string, remedy: string) => {
    problems.push({ name, source: `${file}, line ${line}`, problem, remedy })
  }

  walk({ keys: root.keys.filter(({ name }) => owned.includes(name)) }, '')
  const suspects = root.keys.flatMap(({ name, line }) => {
    const meant = owned.includes(name) ? undefined : closestName(name, owned)
    return meant ? [{ name, line, meant }] : []
  })
  return { values, problems, suspects }
}

/** `a.b.c` lies in `a` and `a.b`. */
function parentsOf(path: string): string[] {
  const names = path.split('.')
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('.'))
}
