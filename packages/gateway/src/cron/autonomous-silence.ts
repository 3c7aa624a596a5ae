import { isSilence } from '../chats/silence.ts'

/** Whether an answer that nobody waits for is not to be sent: it is empty, or its first or last line says so. */
export function isAutonomousSilence(output: string): boolean {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return lines.length === 0 || isSilence(lines[0]!) || isSilence(lines.at(-1)!)
}
