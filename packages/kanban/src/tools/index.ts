/** The tools of boards for whoever hands them to an agent. */
export { chatTools } from './chat-tools.ts'
