/** What it means that a connection failed, by the code of the system or of TLS: nobody has to know the code. */

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name of the host could not be looked up',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak HTTPS there; write http://, or the port of HTTPS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak HTTPS there; write http://, or the port of HTTPS',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP there; is it the port of HTTPS, or of another program?',
  UND_ERR_SOCKET: 'the connection was cut; does it speak HTTPS there only?',
};

/** Ends with the code, which a search finds. */
export function connectionFault(code: string): string {
  if (code === '') return 'the connection failed';
  const known = words[code];
  return known === undefined ? `the connection failed (${code})` : `${known} (${code})`;
}
