import type { ModelCall, ModelPart } from '../model.ts'
import type { Instruction } from './instruction.ts'
import type { Output } from './output.ts'
import { sampleValue } from './sample-value.ts'

/** So many characters of a call's arguments go into a chunk. */
const CHUNK_CHARS = 24

/** A tool call as a model streams it; without arguments of its own, with those that the tool's schema demands. */
export function callPartsOf(
  { tool: name, arguments: written }: Extract<Instruction, { do: 'call' }>,
  { id, call, output }: { readonly id: string; readonly call: ModelCall; readonly output: Output },
): readonly ModelPart[] {
  const tool = call.tools?.find((offered) => offered.name === name)
  const schema = tool?.type === 'function' ? (tool.inputSchema as Readonly<Record<string, unknown>>) : {}
  const input = written === '' ? JSON.stringify(sampleValue(schema)) : written
  output.chars += name.length + input.length
  return [
    { type: 'tool-input-start', id, toolName: name },
    ...(input.match(new RegExp(`[^]{1,${CHUNK_CHARS}}`, 'g')) ?? []).map((delta) => ({ type: 'tool-input-delta' as const, id, delta })),
    { type: 'tool-input-end', id },
    { type: 'tool-call', toolCallId: id, toolName: name, input },
  ]
}
