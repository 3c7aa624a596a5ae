import { isAlias, isMap, isScalar, LineCounter, parseDocument, visit, type Node, type YAMLMap } from 'yaml'

/** A value of `config.yaml` and the line of its key. */
export interface FileValue {
  readonly value: unknown
  readonly line: number
}

/** A key of `config.yaml`; what stands there is read when asked for, because a section can contain itself by an alias. */
export interface FileKey {
  readonly name: string
  readonly line: number
  readonly section: () => FileSection | undefined
  readonly read: () => unknown
}

/** A section of `config.yaml`, with its keys in the order they stand there. */
export interface FileSection {
  readonly keys: readonly FileKey[]
}

/** What is wrong with the text itself, at a line. */
export interface FileFault {
  readonly line: number
  readonly problem: string
}

/** The sections of a YAML text, or its faults if it is broken. An empty text is an empty section. */
export function parseConfigFile(text: string): { readonly root: FileSection; readonly faults: readonly FileFault[] } {
  const lines = new LineCounter()
  // Pretty errors would quote the line, and with it whatever secret stands there.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const faults = document.errors.map((error) => ({ line: lines.linePos(error.pos[0]).line, problem: error.message }))

  const lineOf = (node: unknown) => lines.linePos((node as Node).range?.[0] ?? 0).line
  visit(document, {
    Alias(_, alias) {
      if (!alias.resolve(document)) faults.push({ line: lineOf(alias), problem: `There is no anchor for *${alias.source}` })
    },
  })

  const sectionOf = (map: YAMLMap): FileSection => ({
    keys: map.items.map(({ key, value }) => {
      const node = isAlias(value) ? value.resolve(document) : (value as Node | null)
      return {
        name: isScalar(key) ? String(key.value) : String(key),
        line: lineOf(key),
        section: () => (isMap(node) ? sectionOf(node) : undefined),
        read: () => (node ? node.toJS(document) : null) as unknown,
      }
    }),
  })

  const { contents } = document
  if (isMap(contents)) return { root: sectionOf(contents), faults }
  const isEmpty = contents === null || (isScalar(contents) && contents.value === null)
  if (!isEmpty) faults.push({ line: 1, problem: 'The file must be made of sections (name: value), and this is something else' })
  return { root: { keys: [] }, faults }
}
