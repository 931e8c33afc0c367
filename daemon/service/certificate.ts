// The certificate that `daemon --init` makes for TLS: self-signed, P-256. Our clients know the daemon by its own signature
// over the channel and not by this; others can pin its fingerprint, or the operator puts a certificate of his own in place.

// oxlint-disable-next-line import/no-unassigned-import -- loading it is what it is for
import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

// We chose.
const VALID_MS = 10 * 365 * 86_400_000;
const SERIAL_OCTETS = 16;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A certificate and its key, both PEM. */
export interface MadeCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /** SHA-256 of the DER, hex: what people compare. */
  readonly fingerprint: string;
}

/**
 * Makes a self-signed certificate.
 *
 * @param names DNS names and addresses it is for; the first becomes the common name
 * @param now milliseconds since 1970
 */
export async function makeCertificate(names: readonly string[], now: number): Promise<MadeCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const alternatives = names.map((value) => ({
    type: /^[\d.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const),
    value,
  }));
  const made = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: `00${Buffer.from(webcrypto.getRandomValues(new Uint8Array(SERIAL_OCTETS))).toString('hex')}`,
      name: [{ CN: [names[0]] }],
      notBefore: new Date(now - 86_400_000),
      notAfter: new Date(now + VALID_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth], false),
        new SubjectAlternativeNameExtension(alternatives, false),
      ],
    },
    webcrypto,
  );
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: `${made.toString('pem')}\n`,
    privateKey: pem('PRIVATE KEY', new Uint8Array(key)),
    fingerprint: createHash('sha256').update(new Uint8Array(made.rawData)).digest('hex'),
  };
}

function pem(label: string, octets: Uint8Array): string {
  const lines =
    Buffer.from(octets)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
