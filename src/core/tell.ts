// Tells an observer of someone else what happens. Whatever the observer does, the teller goes on.

/** Calls the observer. What it throws, or rejects with when it is asynchronous, goes to `onThrow`. */
export function tell<E>(
  observer: ((event: E) => unknown) | undefined,
  event: E,
  onThrow: (cause: unknown) => void,
): void {
  try {
    const given = observer?.(event);
    if (given instanceof Promise) given.catch(onThrow);
  } catch (cause) {
    onThrow(cause);
  }
}
