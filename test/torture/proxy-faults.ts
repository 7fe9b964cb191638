// What a proxy between the nodes and the server can do to them, by the control API of Toxiproxy.
import type { ServerFault } from './servers.ts';

const TOXICS = [
  { name: 'latency', stream: 'downstream', toxicity: 1, attributes: { latency: 300, jitter: 200 } },
  { name: 'reset_peer', stream: 'upstream', toxicity: 0.4, attributes: { timeout: 0 } },
  // An answer that is cut.
  { name: 'limit_data', stream: 'downstream', toxicity: 0.5, attributes: { bytes: 700 } },
  { name: 'bandwidth', stream: 'upstream', toxicity: 1, attributes: { rate: 50 } },
] as const;

/** `proxy` is the URL of the proxy in the control API. */
export function proxyFaults(proxy: string): ServerFault[] {
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${proxy}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${proxy}${path} answered ${response.status}`);
    await response.arrayBuffer();
  };
  return [
    ...TOXICS.map(({ name, ...toxic }) => ({
      name: name.replace('_', ' '),
      begin: () => call('POST', '/toxics', { name, type: name, ...toxic }),
      end: () => call('DELETE', `/toxics/${name}`),
    })),
    {
      name: 'cut off',
      begin: () => call('POST', '', { enabled: false }),
      end: () => call('POST', '', { enabled: true }),
    },
  ];
}
