import { BlockList, isIP } from 'node:net';

const named: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/**
 * Finds a client's address behind proxies, from the right of `X-Forwarded-For` past each address that is trusted: what stands further left
 * was written by the client.
 * @param trusted as Express's `trust proxy`: names (`loopback`, `linklocal`, `uniquelocal`), addresses and ranges, separated by commas
 */
export function createClientAddress(trusted: string): (remote: string, forwardedFor: string | string[] | undefined) => string {
  const list = new BlockList();
  for (const range of trusted.split(',').flatMap((word) => named[word.trim()] ?? [word.trim()])) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address);
    if (family === 0) continue;
    list.addSubnet(address, bits === undefined ? (family === 4 ? 32 : 128) : Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  }
  const isTrusted = (address: string): boolean => isIP(address) !== 0 && list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');

  return (remote, forwardedFor) => {
    const chain = [...[forwardedFor ?? []].flat().join(',').split(','), remote]
      .map((address) => address.trim().replace(/^::ffff:/, ''))
      .filter((address) => isIP(address) !== 0);
    for (let index = chain.length - 1; index > 0; index--) if (!isTrusted(chain[index]!)) return chain[index]!;
    return chain[0] ?? remote;
  };
}
