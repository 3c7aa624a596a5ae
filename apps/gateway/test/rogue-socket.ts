import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'

// Loaded into a gateway before anything else: has whoever connects to the port ROGUE_PORT fail as bad libraries do, and
// the process itself on SIGUSR2.

const { connect } = Socket.prototype

Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  if (JSON.stringify(args[0]).includes(`"port":${process.env.ROGUE_PORT}`)) {
    setTimeout(() => void Promise.reject(new Error('a rejection of the library')), 50)
    setTimeout(() => new EventEmitter().emit('error', new Error('an exception of the library')), 100)
  }
  return Reflect.apply(connect, this, args)
} as typeof connect

process.on('SIGUSR2', () => {
  throw new Error('a mistake of ours')
})
