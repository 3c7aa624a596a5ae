import { checkForLeaks } from '@talaria/db/testing'
import { describe, expect, it } from 'vitest'
import { startTestGateway } from '../../test/start-test-gateway.ts'
import { COMMANDS } from '../commands/registry.ts'

checkForLeaks()

describe('commands over HTTP', () => {
  it('are listed with all that help and completion need', async () => {
    await using gateway = await startTestGateway()
    const { data, not_applicable: others } = await gateway.api.json(gateway.api.get('/api/commands'))
    expect(data.map(({ name }: { name: string }) => name)).toEqual(COMMANDS.map(({ name }) => name))
    expect(data).toContainEqual(
      expect.objectContaining({
        name: 'save',
        usage: '/save [md|json]',
        arguments: [{ name: 'format', optional: true, choices: ['md', 'json'], takes_rest: false }],
      }),
    )
    expect(others).toContainEqual(expect.objectContaining({ name: 'goal', reason: expect.any(String) }))
  })

  it('act on a session, and say where the conversation goes on and what to say there', async () => {
    await using gateway = await startTestGateway()
    const { api } = gateway
    const { session } = await api.json(api.post('/api/sessions', { title: 'Boats' }))
    await api.json(api.post(`/api/sessions/${session.id}/chat`, { message: 'one' }))
    const run = (text: string) => api.json(api.post(`/api/sessions/${session.id}/commands`, { text }))
    const retried = await run('/retry')
    expect(retried).toMatchObject({ text: 'Asking again.', ask: 'one', document: null })
    expect(retried.session_id).not.toBe(session.id)
    expect((await api.json(api.get(`/api/sessions/${retried.session_id}/messages`))).data).toEqual([])
    expect(await run('/save json')).toMatchObject({
      session_id: session.id,
      document: { name: `${session.id}.json`, media_type: 'application/json', text: expect.stringContaining('"one"') },
    })
    expect((await run('/model talaria')).text).toContain('There is no model')
    expect((await run('/model scripted')).text).toBe('scripted answers from now on.')
    expect((await api.json(api.get(`/api/sessions/${session.id}`))).session.model).toBe('scripted')
    expect((await run('/queue')).text).toContain('is for chats')
    expect((await run('/platform')).text).toContain('- api_server: connected')
  })

  it('are refused for what is no command, for sessions of others, and to keys that may only read', async () => {
    await using gateway = await startTestGateway()
    const { api } = gateway
    const key = async (name: string, scopes: readonly string[]) => api.as((await api.json(api.post('/api/keys', { name, scopes }))).key)
    const [reader, chatter] = [await key('reader', ['read']), await key('chatter', ['chat'])]
    const { session } = await api.json(api.post('/api/sessions', {}))
    const path = `/api/sessions/${session.id}/commands`
    expect(await api.refusal(api.post(path, { text: 'hello' }))).toMatchObject({ status: 400, code: 'invalid_value', param: 'text' })
    expect(await chatter.refusal(chatter.post(path, { text: '/usage' }))).toMatchObject({ status: 404, code: 'session_not_found' })
    expect(await reader.refusal(reader.post(path, { text: '/usage' }))).toMatchObject({ status: 403, code: 'insufficient_scope' })
    const { session: own } = await chatter.json(chatter.post('/api/sessions', {}))
    expect((await chatter.json(chatter.post(`/api/sessions/${own.id}/commands`, { text: '/restart' }))).text).toBe('/restart is for admins.')
  })
})
