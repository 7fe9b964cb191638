// Entry point.
export {};
