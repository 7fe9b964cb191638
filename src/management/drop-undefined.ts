// Leaves out what is not known: a field of a JSON shape is there with a value, or it is not there.

/** The same type without `undefined` as a value: such fields are optional instead. */
export type Known<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> };

/** A copy without the fields whose value is undefined. */
export function dropUndefined<T extends object>(fields: T): Known<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Known<T>;
}
