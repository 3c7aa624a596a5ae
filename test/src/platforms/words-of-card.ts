/** What people read on a card of Feishu. */
export function wordsOfCard(content: string): string {
  const { body } = JSON.parse(content) as { body: { elements: { content?: string; text?: { content: string } }[] } }
  return body.elements.map((element) => element.content ?? element.text?.content).join('\n')
}
