// A promise that was broken. Ends the run; everything is kept for a look.
export class Violation extends Error {
  override readonly name = 'Violation';
}
