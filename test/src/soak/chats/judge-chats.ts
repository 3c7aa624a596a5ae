import { answerOf } from './conversations.ts'

/** A chat in the end: what people said there, what was accepted of it, and what they read. */
export interface ChatRecord {
  readonly place: string
  /** Whether what nobody took came again. */
  readonly redelivers: boolean
  /** Whether it is one conversation. */
  readonly hasOrder: boolean
  readonly said: readonly number[]
  /** In the order in which the gateway took them. */
  readonly accepted: readonly number[]
  /** Those whose answer a kill has cut short. */
  readonly interrupted: ReadonlySet<number>
  /** Those whose answer is among the dead letters, because nobody could say whether it arrived. */
  readonly unknown: ReadonlySet<number>
  /** What the agent said there, oldest first. */
  readonly texts: readonly string[]
}

/** How chats came through. */
export interface ChatsVerdict {
  readonly accepted: number
  /** Answered by one message without a label. */
  readonly plain: number
  /** Answered with a word that this may be a duplicate. */
  readonly labelled: number
  /** Told that a restart cut the answer short. */
  readonly interrupted: number
  /** Whose answer is a dead letter, because nobody could say whether it arrived. */
  readonly unknown: number
  /** Never said by anybody who says things again. */
  readonly unheard: number
  /** What must not be, each in a sentence. */
  readonly faults: readonly string[]
}

const isLabelled = (text: string) => text.includes('(this may be a duplicate)')
const isNotice = (text: string) => /cut this answer short|set this conversation aside/.test(text)

/** Whether every accepted message was answered exactly once, or with a word about it, and in order. */
export function judgeChats(records: readonly ChatRecord[]): ChatsVerdict {
  const of = (count: (record: ChatRecord) => number) => records.reduce((sum, record) => sum + count(record), 0)
  const isWordedAbout = (number: number, { texts }: ChatRecord) => texts.some((text) => text.includes(answerOf(number)) && isLabelled(text))
  return {
    accepted: of(({ accepted }) => accepted.length),
    plain: of((record) => record.accepted.filter((number) => !record.interrupted.has(number) && !isWordedAbout(number, record)).length),
    labelled: of((record) => record.accepted.filter((number) => !record.interrupted.has(number) && isWordedAbout(number, record)).length),
    interrupted: of(({ interrupted }) => interrupted.size),
    unknown: of(({ unknown }) => unknown.size),
    unheard: of(({ redelivers, said, accepted }) => (redelivers ? 0 : said.filter((number) => !accepted.includes(number)).length)),
    faults: records.flatMap((record) => [...lostOf(record), ...wrongAnswersOf(record), ...wrongNoticesOf(record), ...inversionsOf(record)]),
  }
}

function lostOf({ place, redelivers, said, accepted }: ChatRecord): readonly string[] {
  const lost = redelivers ? said.filter((number) => !accepted.includes(number)) : []
  const twice = accepted.filter((number, at) => accepted.indexOf(number) !== at)
  return [
    ...lost.map((number) => `${place}: message ${number} came again and again and was never accepted`),
    ...twice.map((number) => `${place}: message ${number} was accepted twice`),
  ]
}

function wrongAnswersOf({ place, accepted, interrupted, unknown, texts }: ChatRecord): readonly string[] {
  return accepted.flatMap((number) => {
    const copies = texts.filter((text) => text.includes(answerOf(number)))
    const plain = copies.filter((text) => !isLabelled(text)).length
    if (copies.length === 0 && !interrupted.has(number) && !unknown.has(number)) return [`${place}: message ${number} has no answer`]
    return plain > 1 ? [`${place}: message ${number} has ${plain} answers without a label: ${JSON.stringify(copies)}`] : []
  })
}

/** A notice is about one answer that was cut short; which one, people see by where it stands. */
function wrongNoticesOf({ place, interrupted, texts }: ChatRecord): readonly string[] {
  const notices = texts.filter(isNotice)
  const plain = notices.filter((text) => !isLabelled(text)).length
  if (plain > interrupted.size) return [`${place}: ${plain} notices without a label, and ${interrupted.size} answers cut short`]
  return notices.length < interrupted.size ? [`${place}: ${interrupted.size} answers cut short, and ${notices.length} notices`] : []
}

function inversionsOf({ place, hasOrder, accepted, texts }: ChatRecord): readonly string[] {
  if (!hasOrder) return []
  const shown = accepted.flatMap((number) => {
    const at = texts.findIndex((text) => text.includes(answerOf(number)))
    return at === -1 ? [] : [{ number, at }]
  })
  return shown.flatMap(({ number, at }, index) => {
    const before = shown[index - 1]
    return before && before.at > at ? [`${place}: the answer to ${number} stands before that to ${before.number}`] : []
  })
}
