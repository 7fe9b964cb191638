// From the address that a person gives to the URL of the backups behind it.
import { err, ok, type Result } from 'neverthrow';
import { InvalidInput } from '../core/errors.ts';

/**
 * The URL of the backups: `http://host:9600`, `http://host:9600/actuator` and
 * `http://host:9600/actuator/backups` mean the same. Name `.../actuator/backupRuntime` in full where a
 * Camunda 8.8 or later has only that.
 */
export function managementEndpoint(address: string): Result<string, InvalidInput> {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    // What may hold a password or a token is not repeated.
    const got = /[@?#]/.test(address) ? '' : `, got '${address.slice(0, 100)}'`;
    return err(new InvalidInput('url', `expected http://host:port${got}`));
  }
  if (url.username !== '' || url.password !== '') {
    return err(new InvalidInput('url', 'it holds a user or password; give a bearer token instead'));
  }
  const path = url.pathname.replace(/\/+$/, '');
  const isWhole = /\/(backups|backupRuntime)$/.test(path);
  return ok(`${url.origin}${isWhole ? path : `${path || '/actuator'}/backups`}`);
}
