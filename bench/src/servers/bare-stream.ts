import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a streamed answer is compared with: Node's own server that writes the frames of a 50-chunk chat stream, one by one. */
const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: 'chatcmpl-00000000000000000000000000000000', object: 'chat.completion.chunk', created: 0, model: 'talaria', service_tier: 'default', system_fingerprint: null, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })}\n\n`

const frames = [
  chunk({ role: 'assistant', content: '' }, null),
  ...Array.from({ length: 50 }, () => chunk({ content: 'word ' }, null)),
  chunk({}, 'stop'),
  'data: [DONE]\n\n',
]

/** Each goes out before the next is written; written at once, Node sends all of them as one. */
async function writeOneByOne(response: ServerResponse): Promise<void> {
  for (const frame of frames) await new Promise<void>((resolve, reject) => response.write(frame, (error) => (error ? reject(error) : resolve())))
  response.end()
}

const server = createServer((request, response) => {
  request.resume()
  request.once('end', () => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache' })
    writeOneByOne(response).catch(() => response.destroy())
  })
})
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.once('SIGTERM', () => server.close())
