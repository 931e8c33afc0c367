// Looks at a relay over the network, as far as one comes without a grant: TLS, certificate, the upgrade to the relay's
// subprotocol.

import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';

import { ExitCode, SidescopeError } from '../errors.ts';
import { SUBPROTOCOL } from '../relay/protocol.ts';
import { type Diagnosis, diagnosis } from './diagnosis.ts';

/** Constants we chose. */
/** A relay that does not answer for so long is not there (ms). */
const CONNECT_MS = 5000;
/** A certificate that ends so soon is a warning (ms). */
const CERTIFICATE_SOON_MS = 14 * 86_400_000;

/** TLS and the upgrade, as far as one comes without a grant. The certificate need not be one that anybody vouches for. */
export async function examineRelay(url: URL): Promise<Diagnosis[]> {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    // Any 16 octets: nothing is said over the connection.
    'Sec-WebSocket-Key': Buffer.alloc(16, 's').toString('base64'),
    'Sec-WebSocket-Protocol': SUBPROTOCOL,
  };
  const target = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 443 : Number(url.port),
    path: url.pathname,
  };
  const options = { ...target, headers, rejectUnauthorized: false, agent: false, timeout: CONNECT_MS } as const;
  return new Promise((resolve, reject) => {
    const asked = request(options);
    const end = (found: Diagnosis[]): void => {
      asked.destroy();
      resolve(found);
    };
    asked.on('timeout', () => asked.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    asked.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(url, error)));
    asked.on('upgrade', (response, socket) => {
      const spoken = response.headers['sec-websocket-protocol'];
      const found = certificateDiagnoses(socket as TLSSocket);
      if (spoken === SUBPROTOCOL) {
        const message = `a relay answers at ${url.host} and speaks ${SUBPROTOCOL}`;
        found.push(diagnosis('note', 'daemon.reachable', message, 'whether a grant is let in, `sidescope tap` says'));
      } else found.push(notARelay(url, `it speaks ${spoken ?? 'no subprotocol'}`));
      socket.destroy();
      end(found);
    });
    asked.on('response', (response) => {
      const found = certificateDiagnoses(response.socket as TLSSocket);
      found.push(notARelay(url, `it answers with HTTP status ${response.statusCode}`));
      end(found);
    });
    asked.end();
  });
}

function notARelay(url: URL, what: string): Diagnosis {
  const advice = 'check host and port (`relay.listen`), and that the name you use is among `relay.hosts`';
  return diagnosis('fault', 'daemon.no-relay', `no relay lets us in at ${url.host}: ${what}`, advice);
}

function unreachable(url: URL, error: NodeJS.ErrnoException): SidescopeError {
  const code = error.code ?? 'unknown';
  const tls = code.startsWith('ERR_SSL') || code === 'EPROTO' || code === 'ECONNRESET';
  const message = tls
    ? `${url.host} answers, but not with the TLS that a relay speaks (${code})`
    : `nobody answers at ${url.host} (${code})`;
  const hint = 'check that the daemon runs, `relay.listen` of its configuration, and firewalls between';
  return new SidescopeError('daemon.unreachable', message, hint, ExitCode.usage, { cause: error });
}

function certificateDiagnoses(socket: TLSSocket): Diagnosis[] {
  const { valid_to: validTo, fingerprint256 } = socket.getPeerCertificate();
  const found: Diagnosis[] = [];
  const ends = Date.parse(validTo);
  const left = ends - Date.now();
  const advice = 'make a new one and tell who pinned the old one';
  if (left <= 0)
    found.push(diagnosis('fault', 'daemon.certificate-dates', `its certificate ended on ${validTo}`, advice));
  else if (left < CERTIFICATE_SOON_MS) {
    found.push(diagnosis('warning', 'daemon.certificate-dates', `its certificate ends on ${validTo}`, advice));
  }
  const protocol = socket.getProtocol();
  if (protocol !== 'TLSv1.3') {
    const message = `it speaks ${protocol ?? 'no TLS'}, where a relay speaks TLS 1.3`;
    found.push(diagnosis('fault', 'daemon.tls-version', message, 'something stands between; go to the daemon itself'));
  }
  found.push(diagnosis('note', 'daemon.certificate', `its certificate has the fingerprint ${fingerprint256}`, ''));
  return found;
}
