import { codeOf, TalariaError } from '../errors.ts'

/** Why a server could not listen. Trying again without changing a setting does not help. */
export type ListenErrorCode =
  /** Another program has the port. */
  | 'PORT_IN_USE'
  /** This user may not open the port. */
  | 'PORT_FORBIDDEN'
  /** The host is no address of this machine, or no name of one. */
  | 'ADDRESS_UNAVAILABLE'

/** A server that could not listen; the message names the setting to change. */
export class ListenError extends TalariaError<ListenErrorCode> {}

/** The names under which a person sets where a service listens. */
export interface ListenSettings {
  readonly host: string
  readonly port: string
}

/** The error that `listen` failed with, in words for whoever started the service; any other error as it is. */
export function listenErrorOf(error: unknown, address: { readonly host: string; readonly port: number }, settings: ListenSettings): unknown {
  const { host, port } = address
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new ListenError('PORT_IN_USE', `Port ${port} on ${host} is in use by another program: stop that one, or set ${settings.port} to a free port.`, {
        cause: error,
      })
    case 'EACCES':
      return new ListenError('PORT_FORBIDDEN', `Port ${port} on ${host} may not be opened by this user: set ${settings.port} to a port from 1024 on.`, {
        cause: error,
      })
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ListenError('ADDRESS_UNAVAILABLE', `${host} is no address of this machine: set ${settings.host} to one that is, such as 127.0.0.1.`, {
        cause: error,
      })
    default:
      return error
  }
}
