import type { LanguageModelV4, LanguageModelV4StreamResult } from '@ai-sdk/provider'
import { untilAborted } from '../until-aborted.ts'
import { inlineTextFiles } from './inline-text-files.ts'
import type { Model, ModelCall, ModelPart } from './model.ts'

/** Any model of the AI SDK as a `Model`. */
export function sdkModel(model: LanguageModelV4): Model {
  return { stream: (call, signal) => readAnswer(model, call, signal) }
}

async function* readAnswer(model: LanguageModelV4, { attempt: _, ...options }: ModelCall, signal: AbortSignal): AsyncGenerator<ModelPart> {
  const answer = model.doStream({ ...options, prompt: inlineTextFiles(options.prompt), abortSignal: signal })
  const reader = (await untilAborted(answer, signal).catch((error: unknown) => discard(answer, error))).stream.getReader()
  // Cancelling settles a pending read at once, also where the provider does not heed its signal.
  const cancel = () => void reader.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield value
    }
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

/** Gives up on an answer; should it begin all the same, nobody will read it. */
function discard(answer: PromiseLike<LanguageModelV4StreamResult>, error: unknown): never {
  answer.then(
    ({ stream }) => void stream.cancel(error).catch(() => {}),
    () => {},
  )
  throw error
}
