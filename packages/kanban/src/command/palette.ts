import { styleText } from 'node:util'
import type { TaskState } from '@talaria/db'

type Style = Parameters<typeof styleText>[0]

const STATE_STYLES: Readonly<Record<TaskState, Style>> = {
  triage: 'magenta',
  todo: 'gray',
  scheduled: 'gray',
  ready: 'cyan',
  running: 'blue',
  review: 'yellow',
  blocked: 'red',
  done: 'green',
  archived: 'gray',
}

/** Text with colours, where they are seen. */
export interface Palette {
  state(state: TaskState): string
  strong(text: string): string
  faint(text: string): string
  bad(text: string): string
}

/** @param isColoured Whether colours are seen; without them every text stays as it is. */
export function createPalette(isColoured: boolean): Palette {
  const styled = (style: Style, text: string) => (isColoured ? styleText(style, text, { validateStream: false }) : text)
  return {
    state: (state) => styled(STATE_STYLES[state], state),
    strong: (text) => styled('bold', text),
    faint: (text) => styled('gray', text),
    bad: (text) => styled('red', text),
  }
}
