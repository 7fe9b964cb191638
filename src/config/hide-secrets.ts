// Keeps secrets out of logs: what holds them prints and serialises without them. The values themselves stay
// usable.

/** Node's name for "how to print this"; written out so that no Node module is loaded. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** The same object; `util.inspect`, `console` and `JSON.stringify` show `***` for the fields named. */
export function hideSecrets<T extends object>(holder: T, fields: readonly string[]): T {
  const shown = () =>
    Object.fromEntries(
      Object.entries(holder).map(([name, value]) => [
        name,
        fields.includes(name) && value !== undefined ? '***' : value,
      ]),
    );
  Object.defineProperty(holder, 'toJSON', { value: shown });
  Object.defineProperty(holder, INSPECT, { value: shown });
  return holder;
}
