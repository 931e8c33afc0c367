// Listeners of the relay from the configuration.

import type { ListenerOptions } from '../relay/websocket-server.ts';
import type { DaemonConfig } from './config.ts';
import { readTls } from './daemon-files.ts';

/** @throws SidescopeError `config.file` where the certificate cannot be read */
export function listenerOptions(config: Pick<DaemonConfig, 'relay'>): ListenerOptions[] {
  const { listen, hosts, origins } = config.relay;
  return listen.map((address): ListenerOptions => {
    if (address.kind === 'unix') return { kind: 'unix', path: address.path, origins };
    return { kind: 'tls', host: address.host, port: address.port, ...readTls(config), hosts, origins };
  });
}
