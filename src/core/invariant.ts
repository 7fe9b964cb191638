// Assertions for bugs. What throws here is never an expected failure and is never caught but at the edge.

/** Thrown when the program itself is wrong: a broken invariant or a misuse of the API. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** Throws {@link InvariantViolation} unless `condition` holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** Marks a place that the types say cannot be reached. */
export function assertNever(value: never): never {
  throw new InvariantViolation(`unexpected value: ${String(value)}`);
}
