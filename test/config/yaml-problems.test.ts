import { loadSettings } from 'tidemark/config';
import { describe, expect, it } from 'vitest';

function problemsOf(text: string): readonly string[] {
  const loaded = loadSettings({ yaml: { text, source: 'application.yaml' }, env: {} });
  return loaded.isErr() ? loaded.error.problems : [];
}

describe('a text that is no YAML', () => {
  it('is one problem for each line, however deep it goes', () => {
    expect(problemsOf(`a: ${'['.repeat(20_000)}`)).toEqual([
      expect.stringMatching(/^not valid YAML: .* \(application.yaml line 1\)$/),
    ]);
  });

  it('has no more problems than somebody reads', () => {
    const problems = problemsOf('a: b: c\n'.repeat(1_000));
    expect(problems.length).toBeGreaterThan(1);
    expect(problems.length).toBeLessThanOrEqual(20);
  });
});
