// Zeebe's FIXED partitioning, in every spelling that Spring takes, and all that can be wrong with it.
import { loadSettings } from 'tidemark/config';
import { describe, expect, it } from 'vitest';

type Env = Record<string, string>;

const ROOT = 'zeebe.broker.experimental.partitioning';
const FIXED = `${ROOT}.fixed`;
const VARIABLE = 'ZEEBE_BROKER_EXPERIMENTAL_PARTITIONING';

function load(text: string, env: Env = {}) {
  return loadSettings({ yaml: { text, source: 'a.yaml' }, env });
}

/** A configuration with this list, written as `partition: nodes`. */
function yaml(entries: readonly (readonly [number | string, readonly (number | string)[]])[], cluster = '') {
  const list = entries.map(([partition, nodes]) => {
    const of = nodes.map((node) => `        - nodeId: ${node}`).join('\n');
    return `      - partitionId: ${partition}\n        nodes:\n${of}`;
  });
  return `
zeebe.broker:
  cluster: { clusterSize: 3, partitionsCount: 3, replicationFactor: 2, ${cluster} }
  experimental.partitioning:
    scheme: FIXED
    fixed:
${list.join('\n')}
`;
}

function partitions(text: string, env: Env = {}) {
  return load(text, env)._unsafeUnwrap().cluster.fixedPartitions;
}

function problems(text: string, env: Env = {}): readonly string[] {
  const loaded = load(text, env);
  if (loaded.isOk()) throw new Error('the configuration was taken');
  return loaded.error.problems;
}

const GOOD = [
  [1, [0, 1]],
  [2, [1, 2]],
  [3, [2, 0]],
] as const;
const READ = [
  { partitionId: 1, nodeIds: [0, 1] },
  { partitionId: 2, nodeIds: [1, 2] },
  { partitionId: 3, nodeIds: [2, 0] },
];
const CLUSTER: Env = {
  ZEEBE_BROKER_CLUSTER_CLUSTERSIZE: '3',
  ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '3',
  ZEEBE_BROKER_CLUSTER_REPLICATIONFACTOR: '2',
  [`${VARIABLE}_SCHEME`]: 'FIXED',
};

function variables(entries: readonly (readonly [number, readonly number[]])[]): Env {
  return Object.fromEntries(
    entries.flatMap(([partition, nodes], i) => [
      [`${VARIABLE}_FIXED_${i}_PARTITIONID`, String(partition)],
      ...nodes.map((node, j) => [`${VARIABLE}_FIXED_${i}_NODES_${j}_NODEID`, String(node)]),
    ]),
  );
}

describe('a fixed list', () => {
  it('is read from YAML', () => {
    expect(partitions(yaml(GOOD))).toEqual(READ);
    expect(load(yaml(GOOD))._unsafeUnwrap().warnings).toEqual([]);
  });

  it('is read from variables', () => {
    const env = { ...CLUSTER, ...variables(GOOD), [`${VARIABLE}_FIXED_0_NODES_1_PRIORITY`]: '2' };
    expect(partitions('', env)).toEqual(READ);
    expect(load('', env)._unsafeUnwrap().warnings).toEqual([]);
  });

  it.each([
    ['dotted keys with brackets', `${FIXED}[0].partition-id: 1\n${FIXED}[0].nodes[0].node-id: 0`],
    ['flow style with priorities', `${FIXED}: [{ PARTITION_ID: 1, nodes: [{ nodeId: 0, priority: 3 }] }]`],
    ['numbers as keys', `${FIXED}: { 0: { partitionId: 1, nodes: { 0: { nodeId: 0 } } } }`],
    ['an alias', `x: &nodes [{ nodeId: 0 }]\n${FIXED}: [{ partitionId: 1, nodes: *nodes }]`],
  ])('is read from %s', (_, list) => {
    expect(partitions(`${ROOT}.scheme: fixed\n${list}`)).toEqual([{ partitionId: 1, nodeIds: [0] }]);
  });

  it('comes by partition, whatever its order', () => {
    expect(partitions(yaml([...GOOD].reverse()))).toEqual(READ);
  });

  it('is taken whole from the variables where they begin one, as Spring does', () => {
    const turned = [
      [1, [2, 1]],
      [2, [0, 1]],
      [3, [0, 2]],
    ] as const;
    expect(partitions(yaml(GOOD), variables(turned))?.[0]).toEqual({ partitionId: 1, nodeIds: [2, 1] });
    expect(problems(yaml(GOOD), variables([[1, [2, 1]]]))).toEqual([
      `${FIXED}: there is no entry for partition 2`,
      `${FIXED}: there is no entry for partition 3`,
    ]);
  });

  it('reads its placeholders', () => {
    const text = yaml([['$' + '{P:1}', [0, 1]], ...GOOD.slice(1)]);
    expect(partitions(text)).toEqual(READ);
  });

  it('does not count where the partitions are spread round robin', () => {
    const text = yaml([[9, [9]]]).replace('scheme: FIXED', 'scheme: ROUND_ROBIN');
    expect(partitions(text)).toBeUndefined();
  });
});

describe('a wrong fixed list', () => {
  it.each([
    ['a missing partition', yaml(GOOD.slice(0, 2)), `${FIXED}: there is no entry for partition 3`],
    [
      'a partition twice',
      yaml([...GOOD, [2, [0, 1]]]),
      `${FIXED}[3].partitionId: partition 2 has an entry already, ${FIXED}[1] (a.yaml line 19)`,
    ],
    [
      'a partition too many',
      yaml([...GOOD, [4, [0, 1]]]),
      `${FIXED}[3].partitionId: 4 is above zeebe.broker.cluster.partitionsCount (3) (a.yaml line 19)`,
    ],
    [
      'an unknown node',
      yaml([[1, [0, 3]], ...GOOD.slice(1)]),
      `${FIXED}[0].nodes[1].nodeId: 3 is not below zeebe.broker.cluster.clusterSize (3) (a.yaml line 10)`,
    ],
    [
      'too few nodes',
      yaml([[1, [0]], ...GOOD.slice(1)]),
      `${FIXED}[0].nodes: there are 1 nodes, but zeebe.broker.cluster.replicationFactor is 2`,
    ],
    [
      'too many nodes',
      yaml([[1, [0, 1, 2]], ...GOOD.slice(1)]),
      `${FIXED}[0].nodes: there are 3 nodes, but zeebe.broker.cluster.replicationFactor is 2`,
    ],
    [
      'a node twice',
      yaml([[1, [1, 1]], ...GOOD.slice(1)]),
      `${FIXED}[0].nodes[1].nodeId: node 1 is in the list already (a.yaml line 10)`,
    ],
    [
      'what is no number',
      yaml([['one', [0, 1]], ...GOOD.slice(1)]),
      `${FIXED}[0].partitionId: expected a whole number in 1..8191, got 'one' (a.yaml line 7)`,
    ],
    [
      'partition 0',
      yaml([[0, [0, 1]], ...GOOD.slice(1)]),
      `${FIXED}[0].partitionId: expected a whole number in 1..8191, got '0' (a.yaml line 7)`,
    ],
    [
      'no partition',
      yaml(GOOD).replace('partitionId: 1', 'partition: 1'),
      `${FIXED}[0].partitionId: it is not set`,
    ],
    ['no node', yaml(GOOD).replace('nodeId: 0', 'node: 0'), `${FIXED}[0].nodes: there are 1 nodes, but`],
    [
      'an entry of a node alone',
      yaml(GOOD).replace('nodeId: 0', 'priority: 2'),
      `${FIXED}[0].nodes[0].nodeId: it is not set`,
    ],
    [
      'a wrong priority',
      yaml(GOOD).replace('nodeId: 0', 'nodeId: 0\n          priority: high'),
      `${FIXED}[0].nodes[0].priority: expected a whole number in 0..2147483647, got 'high' (a.yaml line 10)`,
    ],
    [
      'a placeholder that leads nowhere',
      yaml([['$' + '{P}', [0, 1]], ...GOOD.slice(1)]),
      `${FIXED}[0].partitionId: the placeholder names 'P', which is not set (a.yaml line 7)`,
    ],
  ])('with %s names the key', (_, text, problem) => {
    expect(
      problems(text).some((told) => told.startsWith(problem)),
      problems(text).join('\n'),
    ).toBe(true);
  });

  it('that is absent altogether is told by its first partitions, and not by thousands', () => {
    expect(problems(`${ROOT}.scheme: FIXED`)).toEqual([`${FIXED}: there is no entry for partition 1`]);
    const many = problems(`${ROOT}.scheme: FIXED\nzeebe.broker.cluster.partitionsCount: 8191`);
    expect(many).toHaveLength(21);
    expect(many.at(-1)).toBe(`${FIXED}: and 8171 more problems`);
  });

  it('with a gap says where', () => {
    const env = { ...CLUSTER, ...variables(GOOD) };
    delete env[`${VARIABLE}_FIXED_1_PARTITIONID`];
    delete env[`${VARIABLE}_FIXED_1_NODES_0_NODEID`];
    delete env[`${VARIABLE}_FIXED_1_NODES_1_NODEID`];
    expect(problems('', env)).toContain(`${FIXED}[1]: it is not set, but ${FIXED}[2] is; leave no gap`);
    const { [`${VARIABLE}_FIXED_0_NODES_0_NODEID`]: _, ...without } = { ...CLUSTER, ...variables(GOOD) };
    expect(problems('', without)).toContain(
      `${FIXED}[0].nodes[0]: it is not set, but ${FIXED}[0].nodes[1] is; leave no gap`,
    );
  });

  it('of two variables that disagree is refused', () => {
    const env = { ...CLUSTER, ...variables(GOOD), [`${VARIABLE.toLowerCase()}_fixed_0_partitionid`]: '3' };
    expect(problems('', env).join()).toMatch(/fixed\[0\]\.partitionId: given twice, differently/);
  });
});

it('an unknown scheme is refused by its name', () => {
  expect(problems(`${ROOT}.scheme: REGION_AWARE`)).toEqual([
    `${ROOT}.scheme: expected ROUND_ROBIN, FIXED, got 'REGION_AWARE' (a.yaml line 1)`,
  ]);
});

it('a misspelt key of the list is warned of', () => {
  const env = { [`${VARIABLE}_FIXED_0_PARTITONID`]: '1' };
  const { warnings } = load(`${FIXED}[0].nodes[0].nodID: 1`, env)._unsafeUnwrap();
  expect(warnings).toEqual([
    `unknown key ${VARIABLE}_FIXED_0_PARTITONID has no effect; did you mean ${VARIABLE}_FIXED_I_PARTITIONID?`,
    `unknown key ${FIXED}[0].nodes[0].nodID has no effect; did you mean ${FIXED}[i].nodes[j].nodeId? (a.yaml line 1)`,
  ]);
});

it('lists of others stay passed over, whatever is in them', () => {
  const text = 'zeebe.broker.exporters: [{ className: x, "<<": { a: 1 }, args: "$' + '{NOWHERE}" }]';
  expect(load(text)._unsafeUnwrap().warnings).toEqual([]);
});
