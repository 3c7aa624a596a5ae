import { BlockList, isIP } from 'node:net'

/**
 * Addresses that are not the internet's: of this host, of its networks, of the provider it runs at, and of nobody.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const PRIVATE: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 127],
  // These hold an address of version 4, which may be a private one.
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
]

// A list each: in one, what holds addresses of version 4 within version 6 would hold those themselves.
const blocked = { ipv4: new BlockList(), ipv6: new BlockList() }
for (const [network, prefix] of PRIVATE) blocked[familyOf(network)].addSubnet(network, prefix, familyOf(network))

/** Whether an IP address is one that a server on the internet cannot have; true for what is no address. */
export function isPrivateAddress(address: string): boolean {
  return isIP(address) === 0 || blocked[familyOf(address)].check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4'
}
