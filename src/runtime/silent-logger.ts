// A logger for those who want none.
import type { Logger } from '../ports/telemetry.ts';

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
