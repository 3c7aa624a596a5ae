import OpenAI from 'openai'
import type { ResponseStreamEvent } from 'openai/resources/responses/responses'
import { temporaryHome } from '@talaria/db/testing'
import { expect, test } from 'vitest'
import { startGateway } from '../testing/gateway.ts'

test('the official client holds a stored, streamed conversation across a kill -9 of the gateway, and resumes where it was', { timeout: 60_000 }, async () => {
  using home = temporaryHome()
  const key = 'a-key-that-outlives-the-process-0123456789'
  const clientOf = (url: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })
  let first: OpenAI.Responses.Response
  let cutId = ''
  const seen: ResponseStreamEvent[] = []
  {
    await using gateway = await startGateway({ home: home.path, key })
    const client = clientOf(gateway.url)
    const conversation = await client.conversations.create({ metadata: { topic: 'crash' } })
    first = await client.responses.create({ model: 'talaria', conversation: conversation.id, input: 'My name is Ada.' })
    const stream = await client.responses.create({
      model: 'talaria',
      conversation: conversation.id,
      input: '!stream 500 chunks every 10ms word{n} ',
      background: true,
      stream: true,
    })
    const cut = (async () => {
      for await (const event of stream) {
        seen.push(event)
        if (event.type === 'response.created') cutId = event.response.id
        if (seen.length === 25) gateway.process.signal('SIGKILL')
      }
    })()
    await expect(cut).rejects.toThrow(/terminated|aborted|reset|closed/i)
    expect(await gateway.process.end()).toBe('SIGKILL')
  }

  await using gateway = await startGateway({ home: home.path, key })
  const client = clientOf(gateway.url)
  const last = seen.at(-1)!.sequence_number
  const rest = await Array.fromAsync(await client.responses.retrieve(cutId, { stream: true, starting_after: last }))
  const whole = await Array.fromAsync(await client.responses.retrieve(cutId, { stream: true }))
  expect(whole).toEqual([...seen, ...rest])
  expect(whole.map((event) => event.sequence_number)).toEqual(whole.map((_, index) => index))
  expect(whole.at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'failed', error: { code: 'interrupted' } } })

  const helped = await client.responses.stream({ response_id: cutId, starting_after: last }).finalResponse()
  const said = whole.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('')
  expect(helped.output_text).toBe(said)
  expect(said).toMatch(/^word1 word2 /)
  expect(await client.responses.retrieve(cutId)).toMatchObject({ status: 'failed', output_text: said })

  expect(await client.responses.retrieve(first.id)).toEqual(first)
  // Only what was answered joins a conversation, as OpenAI has it: the one that was broken off is not in it.
  const next = await client.responses.create({ model: 'talaria', conversation: first.conversation!.id, input: 'What do you know?' })
  expect(next.output_text).toMatch(/3 messages/)
})
