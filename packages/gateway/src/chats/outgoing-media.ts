/** An answer as people are to see it, and the files that it names. */
export interface OutgoingMedia {
  readonly text: string
  /** In order, each once; as the model wrote them. */
  readonly paths: readonly string[]
}

const MEDIA_LINE = /^[ \t]*MEDIA:[ \t]*(\S.*?)[ \t]*$/
const IMAGE = /!\[[^\]\n]*\]\((?:file:\/\/)?(\/[^)\n]+?)\)/g
const FENCE = /^ {0,3}(`{3,}|~{3,})/

/**
 * Takes out of an answer the lines `MEDIA:<path>` and the Markdown images of local files: they are sent as files. In code
 * blocks they are what the model talks about, and stay.
 */
export function outgoingMedia(answer: string): OutgoingMedia {
  const paths = new Set<string>()
  const lines: string[] = []
  let fence: string | undefined
  for (const line of answer.split('\n')) {
    const marker = FENCE.exec(line)?.[1]
    if (marker) fence = fence === undefined ? marker : marker.startsWith(fence) ? undefined : fence
    const path = fence === undefined ? MEDIA_LINE.exec(line)?.[1] : undefined
    if (path !== undefined) paths.add(path.replace(/^(["'`])(.*)\1$/, '$2'))
    else lines.push(fence === undefined ? withoutImages(line, paths) : line)
  }
  const text = lines.join('\n')
  return { text: paths.size > 0 ? text.replaceAll(/\n{3,}/g, '\n\n').trim() : text, paths: [...paths] }
}

/** What may be shown of an answer that is still being written: its last line may yet become one that is taken out. */
export function shownSoFar(answer: string): string {
  const lastLine = answer.slice(answer.lastIndexOf('\n') + 1)
  const isOpen = 'MEDIA:'.startsWith(lastLine.trimStart().slice(0, 6)) || /!\[[^\]]*(\]\([^)]*)?$/.test(lastLine)
  return outgoingMedia(isOpen ? answer.slice(0, answer.length - lastLine.length) : answer).text
}

function withoutImages(line: string, paths: Set<string>): string {
  return line.replaceAll(IMAGE, (_, path: string) => {
    paths.add(path)
    return ''
  })
}
