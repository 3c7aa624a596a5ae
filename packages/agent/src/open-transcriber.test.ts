import { systemClock as clock } from '@talaria/core'
import { describe, expect, it } from 'vitest'
import { openTranscriber } from './open-transcriber.ts'
import { startTranscriptionServer } from './testing/transcription-server.ts'

const HELLO = { bytes: Buffer.from('hello'), mediaType: 'audio/ogg; codecs=opus' }
const never = new AbortController().signal

describe('a transcriber', () => {
  it('gives the server the recording with its model and key, and has its text', async () => {
    await using server = await startTranscriptionServer()
    await using transcriber = openTranscriber({ model: 'whisper-1', baseUrl: server.url, apiKey: 'sk-secret-key' }, { clock })
    expect(await transcriber.transcribe(HELLO, never)).toBe('hello')
    const [{ bytes, ...received }] = server.recordings as [(typeof server.recordings)[0]]
    expect(received).toEqual({ authorization: 'Bearer sk-secret-key', model: 'whisper-1', fileName: 'audio.ogg', mediaType: 'audio/ogg' })
    expect(Buffer.from(bytes).toString()).toBe('hello')
  })

  it('takes a recording of unknown kind for what phones record, and calls each kind as servers know it', async () => {
    await using server = await startTranscriptionServer()
    await using transcriber = openTranscriber({ model: 'any/model', baseUrl: server.url }, { clock })
    await transcriber.transcribe({ bytes: HELLO.bytes }, never)
    for (const mediaType of ['audio/opus', 'audio/mpeg', 'audio/x-wav']) await transcriber.transcribe({ bytes: HELLO.bytes, mediaType }, never)
    expect(server.recordings.map(({ fileName }) => fileName)).toEqual(['audio.ogg', 'audio.ogg', 'audio.mp3', 'audio.wav'])
  })

  it('sends no key where it has none', async () => {
    await using server = await startTranscriptionServer()
    await using transcriber = openTranscriber({ model: 'whisper-1', baseUrl: server.url }, { clock })
    await transcriber.transcribe(HELLO, never)
    expect(server.recordings[0]!.authorization).toBeUndefined()
  })

  it('says why there is no text, and no secret with it', async () => {
    await using server = await startTranscriptionServer()
    server.refuse(401, 'Wrong key: sk-secret-key.')
    await using transcriber = openTranscriber({ model: 'whisper-1', baseUrl: server.url, apiKey: 'sk-secret-key' }, { clock })
    await expect(transcriber.transcribe(HELLO, never)).rejects.toMatchObject({ code: 'model_unavailable', message: 'Wrong key: [redacted].' })
  })

  it('gives up when it is told to, with the reason', async () => {
    await using server = await startTranscriptionServer()
    server.hang()
    await using transcriber = openTranscriber({ model: 'whisper-1', baseUrl: server.url }, { clock })
    const call = new AbortController()
    const text = transcriber.transcribe(HELLO, call.signal)
    await expect.poll(() => server.recordings.length).toBe(1)
    call.abort(new Error('late'))
    await expect(text).rejects.toThrow('late')
    await expect.poll(() => server.openConnections).toBe(0)
  })

  it('leaves no connection when it is disposed', async () => {
    await using server = await startTranscriptionServer()
    const transcriber = openTranscriber({ model: 'whisper-1', baseUrl: server.url }, { clock })
    await transcriber.transcribe(HELLO, never)
    expect(server.openConnections).toBe(1)
    await transcriber[Symbol.asyncDispose]()
    await expect.poll(() => server.openConnections).toBe(0)
    await expect(transcriber.transcribe(HELLO, never)).rejects.toMatchObject({ code: 'model_unavailable' })
  })

  it('of OpenAI without a key says what to set', async () => {
    await using transcriber = openTranscriber({ model: 'whisper-1' }, { clock })
    await expect(transcriber.transcribe(HELLO, never)).rejects.toMatchObject({
      code: 'model_not_configured',
      message: expect.stringContaining('TRANSCRIPTION_API_KEY'),
    })
  })
})
