import { expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { nodeProblem } from '../../src/cli/node-version.ts';

it.each(['22.18.0', '22.20.1', '24.0.0', '24.21.0', '100.0.0'])('Node %s will do', (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});

it.each(['22.17.9', '22.2.0', '20.20.2', '18.0.0', '9.99.0'])(
  'Node %s is too old, and is told so',
  (version) => {
    const problem = nodeProblem(version);
    expect(problem).toContain(`this is Node ${version}`);
    expect(problem).toContain(`Node ${manifest.engines.node.slice(2)} or later is needed`);
  },
);
