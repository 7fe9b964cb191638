// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are among what is tested
import { inspect } from 'node:util';
import type { InvalidConfiguration } from 'tidemark';
import { loadSettings, type Settings } from 'tidemark/config';
import { describe, expect, it } from 'vitest';

type Env = Record<string, string | undefined>;

function load(text: string, env: Env = {}): Settings {
  const loaded = loadSettings({ yaml: { text, source: 'application.yaml' }, env });
  if (loaded.isErr()) throw loaded.error;
  return loaded.value;
}

function problemsOf(text: string, env: Env = {}): readonly string[] {
  const loaded = loadSettings({ yaml: { text, source: 'application.yaml' }, env });
  if (loaded.isOk()) throw new Error('the configuration was taken');
  const error: InvalidConfiguration = loaded.error;
  expect(error.name).toBe('InvalidConfiguration');
  for (const problem of error.problems) expect(error.message).toContain(problem);
  return error.problems;
}

const S3 = { ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3', ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: 'backups' };

describe('without anything', () => {
  it('has the defaults of Zeebe', () => {
    const loaded = loadSettings({ env: {} });
    expect(loaded.isOk() && loaded.value).toEqual({
      backup: { store: 'NONE' },
      cluster: { nodeId: 0, clusterSize: 1, partitionsCount: 1, replicationFactor: 1 },
      dataDirectory: 'data',
      management: {
        enabled: true,
        port: 9600,
        host: '127.0.0.1',
        basePath: '/actuator',
        dialect: 'modern',
        generateIds: false,
      },
      retention: { minimum: 1 },
      schedule: { schedule: null, checkpointSchedule: null, cleanupSchedule: null, idOffset: 0 },
      enableBackup: true,
      warnings: [],
    });
  });

  it.each(['', '# nothing\n', '---\n', '~', 'zeebe:\n'])('takes the empty text %j', (text) => {
    expect(load(text).backup).toEqual({ store: 'NONE' });
  });
});

describe("Zeebe's layout", () => {
  const place = {
    store: 'S3',
    bucketName: 'backups',
    forcePathStyleAccess: false,
    apiCallTimeoutMs: 180_000,
  };

  it('is chosen by its format, and takes nothing of the native layout', () => {
    const text =
      'zeebe.broker: { data.backup: { format: ZEEBE, s3.compression: ZSTD }, cluster.clusterId: x }';
    const expected = { ...place, format: 'zeebe', compression: 'zstd', chunksInFlight: 6 };
    expect(load(text, S3).backup).toEqual(expected);
    expect(
      load('tidemark.chunkSize: 5MB', { ...S3, ZEEBE_BROKER_DATA_BACKUP_FORMAT: 'zeebe' }).backup,
    ).toEqual({
      ...expected,
      compression: 'none',
      chunkSizeBytes: 5 * 1024 * 1024,
    });
  });

  it('has no compression chunk by chunk, and the native layout no other', () => {
    const native = 'tidemark: { compression: auto, maxBytesPerSecond: 20MB, readEverything: true }';
    expect(load(native, S3).backup).toMatchObject({
      compression: 'auto',
      maxBytesPerSecond: 20 * 1024 * 1024,
      readEverything: true,
    });
    const text =
      'zeebe.broker.data.backup: { format: zeebe }\n' +
      'tidemark: { compression: none, maxBytesPerSecond: 1MB, readEverything: true }';
    expect(problemsOf(text, S3)).toEqual([
      "tidemark.maxBytesPerSecond: Zeebe's layout is not held to a rate; leave it out (application.yaml line 2)",
      "tidemark.compression: Zeebe's layout compresses whole files; set zeebe.broker.data.backup.s3.compression " +
        '(application.yaml line 2)',
      "tidemark.readEverything: in Zeebe's layout every backup reads everything; leave it out (application.yaml line 2)",
    ]);
  });

  it('fits in memory too', () => {
    expect(load('zeebe.broker.data.backup: { store: MEMORY, format: zeebe }').backup).toMatchObject({
      store: 'MEMORY',
      format: 'zeebe',
    });
  });

  it('is not the default', () => {
    expect(load('', S3).backup).not.toHaveProperty('format');
  });
});

describe('a whole configuration', () => {
  const FULL = `
zeebe:
  broker:
    cluster:
      nodeId: 2
      partitionsCount: 3
      replicationFactor: 3
      clusterSize: 4
      clusterName: harbour
    data:
      directory: /var/lib/zeebe
      logSegmentSize: 128MB
      backup:
        store: s3
        s3:
          bucketName: backups
          endpoint: http://127.0.0.1:9000
          region: eu-west-1
          accessKey: 0123
          secretKey: "top secret"
          forcePathStyleAccess: true
          basePath: clusters/harbour
          apiCallTimeout: PT1M30S
          compression: none
    experimental.features.enableBackup: false
management:
  server: { port: 9700, address: 127.0.0.1 }
  endpoints.web.exposure.include: [health, backups]
tidemark:
  chunkSize: 1MB
  heartbeat: 5s
  staleAfter: PT20S
`;

  it('is read', () => {
    expect(load(FULL)).toEqual({
      backup: {
        store: 'S3',
        bucketName: 'backups',
        endpoint: 'http://127.0.0.1:9000',
        region: 'eu-west-1',
        accessKey: '0123',
        secretKey: 'top secret',
        forcePathStyleAccess: true,
        basePath: 'clusters/harbour',
        apiCallTimeoutMs: 90_000,
        clusterId: 'harbour',
        chunkSizeBytes: 1024 * 1024,
        chunksInFlight: 6,
        compression: 'none',
        readEverything: false,
        heartbeatMs: 5_000,
        staleAfterMs: 20_000,
      },
      cluster: {
        nodeId: 2,
        clusterSize: 4,
        partitionsCount: 3,
        replicationFactor: 3,
        clusterName: 'harbour',
      },
      dataDirectory: '/var/lib/zeebe',
      management: {
        enabled: true,
        port: 9700,
        host: '127.0.0.1',
        basePath: '/actuator',
        dialect: 'modern',
        generateIds: false,
      },
      retention: { minimum: 1 },
      schedule: { schedule: null, checkpointSchedule: null, cleanupSchedule: null, idOffset: 0 },
      enableBackup: false,
      warnings: [],
    });
  });

  it('reads the same from the environment alone', () => {
    const env = {
      ZEEBE_BROKER_CLUSTER_NODEID: '2',
      ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '3',
      ZEEBE_BROKER_CLUSTER_REPLICATIONFACTOR: '3',
      ZEEBE_BROKER_CLUSTER_CLUSTERSIZE: '4',
      ZEEBE_BROKER_CLUSTER_CLUSTERNAME: 'harbour',
      ZEEBE_BROKER_DATA_DIRECTORY: '/var/lib/zeebe',
      ZEEBE_BROKER_DATA_BACKUP_STORE: 's3',
      ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: 'backups',
      ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: 'http://127.0.0.1:9000',
      ZEEBE_BROKER_DATA_BACKUP_S3_REGION: 'eu-west-1',
      ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: '0123',
      ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: 'top secret',
      ZEEBE_BROKER_DATA_BACKUP_S3_FORCEPATHSTYLEACCESS: 'true',
      ZEEBE_BROKER_DATA_BACKUP_S3_BASEPATH: 'clusters/harbour',
      ZEEBE_BROKER_DATA_BACKUP_S3_APICALLTIMEOUT: '90s',
      ZEEBE_BROKER_DATA_BACKUP_S3_COMPRESSION: 'none',
      ZEEBE_BROKER_EXPERIMENTAL_FEATURES_ENABLEBACKUP: 'false',
      MANAGEMENT_SERVER_PORT: '9700',
      MANAGEMENT_SERVER_ADDRESS: '127.0.0.1',
      MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE: 'health,backups',
      TIDEMARK_CHUNKSIZE: '1MiB',
      TIDEMARK_HEARTBEAT: '5000',
      TIDEMARK_STALEAFTER: '20s',
    };
    expect(load('', env)).toEqual(load(FULL));
  });
});

describe('the schedule', () => {
  const rule = { ZEEBE_BROKER_DATA_BACKUP_RETENTION_WINDOW: 'P7D' };

  it('is read in its time zone, and makes ids', () => {
    const text =
      'zeebe.broker.data.backup: { schedule: "0 2 * * *", offset: 5, retention.cleanup-schedule: PT6H }\n' +
      'tidemark.scheduleTimeZone: Europe/Berlin';
    const { schedule, management } = load(text, { ...S3, ...rule });
    const winter = Date.UTC(2026, 0, 1);
    expect(schedule.schedule?.next(winter)).toBe(Date.UTC(2026, 0, 1, 1));
    expect(schedule.cleanupSchedule?.next(winter)).toBe(Date.UTC(2026, 0, 1, 6));
    expect(schedule.idOffset).toBe(5);
    expect(management.generateIds).toBe(true);
  });

  it('has markers at an interval', () => {
    const { schedule, management } = load('zeebe.broker.data.backup.checkpoint-interval: PT10S', S3);
    expect(schedule.checkpointSchedule?.next(25_000)).toBe(30_000);
    expect(schedule.schedule).toBeNull();
    expect(management.generateIds).toBe(true);
    const env = { ZEEBE_BROKER_DATA_BACKUP_CHECKPOINTINTERVAL: '90s' };
    expect(load('', { ...S3, ...env }).schedule.checkpointSchedule?.latest(100_000)).toBe(90_000);
    expect(load('', env).warnings).toEqual([expect.stringContaining('checkpointInterval: it has no effect')]);
    for (const text of ['PT0.5S', 'P2D', '*/5 * * * *', 'none', '10']) {
      expect(problemsOf('', { ...env, ZEEBE_BROKER_DATA_BACKUP_CHECKPOINTINTERVAL: text })).toHaveLength(1);
    }
  });

  it('none is none, in any case', () => {
    const env = { ...S3, ZEEBE_BROKER_DATA_BACKUP_SCHEDULE: 'NONE' };
    expect(load('', env).schedule).toMatchObject({ schedule: null, cleanupSchedule: null });
    expect(load('', env).management.generateIds).toBe(false);
    expect(load('', { ...env, TIDEMARK_MANAGEMENT_GENERATEIDS: 'yes' }).management.generateIds).toBe(true);
  });

  it('is a problem when it is none, or would clean up by no rule', () => {
    expect(problemsOf('', { ZEEBE_BROKER_DATA_BACKUP_SCHEDULE: 'hourly' })).toEqual([
      expect.stringMatching(
        /^zeebe.broker.data.backup.schedule: expected a cron .*five or six fields, got 'hourly'/,
      ),
    ]);
    expect(problemsOf('', { ...S3, ZEEBE_BROKER_DATA_BACKUP_RETENTION_CLEANUPSCHEDULE: 'PT1H' })).toEqual([
      expect.stringContaining('there is no rule that says what to keep'),
    ]);
    expect(problemsOf('tidemark.scheduleTimeZone: Mars')).toHaveLength(1);
  });

  it('warns when there is no store to back up to', () => {
    const env = {
      ...rule,
      ZEEBE_BROKER_DATA_BACKUP_SCHEDULE: 'PT1H',
      ZEEBE_BROKER_DATA_BACKUP_RETENTION_CLEANUPSCHEDULE: 'PT1H',
    };
    expect(load('', env).warnings).toEqual([
      'zeebe.broker.data.backup.schedule: it has no effect while zeebe.broker.data.backup.store is NONE',
      'zeebe.broker.data.backup.retention.cleanupSchedule: it has no effect while zeebe.broker.data.backup.store is NONE',
    ]);
  });
});

describe('relaxed binding', () => {
  it.each([
    'zeebe.broker.cluster.partitionsCount: 5',
    'zeebe.broker.cluster.partitions-count: 5',
    'ZEEBE.BROKER.CLUSTER.PARTITIONSCOUNT: 5',
    'zeebe:\n  broker.cluster:\n    partitions_count: 5',
    'zeebe: { broker: { cluster: { PartitionsCount: "5" } } }',
    'zeebe:\n  broker: &b\n    cluster: &c\n      partitionsCount: 5',
  ])('takes %j', (text) => expect(load(text).cluster.partitionsCount).toBe(5));

  it.each([
    'ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT',
    'zeebe_broker_cluster_partitionscount',
    'ZEEBE_BROKER_CLUSTER_PARTITIONS_COUNT',
  ])('takes the variable %s', (name) => expect(load('', { [name]: '5' }).cluster.partitionsCount).toBe(5));

  it('lets the environment win over YAML, key by key', () => {
    const text = 'zeebe.broker.cluster: { partitionsCount: 5, clusterSize: 3 }';
    expect(load(text, { ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '7' }).cluster).toMatchObject({
      partitionsCount: 7,
      clusterSize: 3,
    });
  });

  it('does not mind what the YAML says wrong where the environment says it right', () => {
    const text = 'zeebe.broker.cluster.partitionsCount: many';
    expect(load(text, { ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '7' }).cluster.partitionsCount).toBe(7);
  });

  it('takes an alias for what it names', () => {
    const text = 'a: &count 5\nzeebe.broker.cluster.partitionsCount: *count';
    expect(load(text).cluster.partitionsCount).toBe(5);
  });

  it('refuses one key in two spellings that differ, and takes two that agree', () => {
    const twice = (one: number, two: number) =>
      `zeebe.broker.cluster.partitionsCount: ${one}\nzeebe:\n  broker.cluster.partitions-count: ${two}`;
    expect(load(twice(5, 5)).cluster.partitionsCount).toBe(5);
    expect(problemsOf(twice(5, 6))).toEqual([
      'zeebe.broker.cluster.partitionsCount: given twice, differently ' +
        '(application.yaml line 1; application.yaml line 3)',
    ]);
  });
});

describe('placeholders', () => {
  const nodes = (value: string) =>
    `zeebe.broker.cluster.clusterSize: 9\nzeebe.broker.cluster.nodeId: ${value}`;
  it.each([
    ['${NODE}', 4],
    ['${NODE:2}', 4],
    ['${OTHER:2}', 2],
    ['${OTHER:${NODE}}', 4],
    ['${OTHER:${THIRD:3}}', 3],
    ['"${OTHER:}${NODE}"', 4],
    ['${zeebe.host-name:1}', 1],
    ['${my.own-node}', 6],
  ])('%s is %i', (value, expected) => {
    expect(load(nodes(value), { NODE: '4', MY_OWNNODE: '6' }).cluster.nodeId).toBe(expected);
  });

  it('does not look through what a variable holds', () => {
    expect(load('zeebe.broker.data.directory: ${A}', { A: '${A}' }).dataDirectory).toBe('${A}');
  });

  it.each([
    ['${OTHER}', "the placeholder names 'OTHER', which is not set"],
    ['${constructor}', "the placeholder names 'constructor', which is not set"],
    ['"${OTHER"', 'a placeholder has no closing brace'],
    ['${A:'.repeat(50) + '}'.repeat(50), 'placeholders are nested deeper than 20 levels'],
  ])('refuses %s', (value, expected) => {
    expect(problemsOf(nodes(`"${value.replaceAll('"', '')}"`))).toEqual([
      `zeebe.broker.cluster.nodeId: ${expected} (application.yaml line 2)`,
    ]);
  });

  it('does not mind one that leads nowhere in a key that is not ours', () => {
    expect(load('server.port: ${OTHER}').warnings).toEqual([]);
  });
});

describe('problems', () => {
  it('are told all at once, each with its key and where the value came from', () => {
    const text = 'zeebe:\n  broker:\n    cluster:\n      nodeId: -1\n      partitionsCount: many\n';
    const env = {
      ...S3,
      ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: '',
      ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: 'k',
      MANAGEMENT_SERVER_PORT: '99999',
    };
    expect(problemsOf(text, env)).toEqual([
      'zeebe.broker.data.backup.s3.bucketName: it is empty; leave it out to mean unset ' +
        '(environment ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME)',
      "zeebe.broker.cluster.nodeId: expected a whole number in 0..65534, got '-1' (application.yaml line 4)",
      "zeebe.broker.cluster.partitionsCount: expected a whole number in 1..8191, got 'many' " +
        '(application.yaml line 5)',
      "management.server.port: expected a whole number in 0..65535, got '99999' " +
        '(environment MANAGEMENT_SERVER_PORT)',
      'zeebe.broker.data.backup.s3.accessKey: it is set without zeebe.broker.data.backup.s3.secretKey; ' +
        'set both or neither (environment ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY)',
    ]);
  });

  it.each([
    ['store: S3', 's3.bucketName: it is needed for the store S3 and is not set'],
    ['store: FILESYSTEM', 'filesystem.basePath: it is needed for the store FILESYSTEM and is not set'],
    ['store: gcs', 'store: GCS is not supported by tidemark; use S3 (application.yaml line 1)'],
    ['store: AZURE', 'store: AZURE is not supported by tidemark; use S3 (application.yaml line 1)'],
    [
      'store: tape',
      "store: expected NONE, S3, FILESYSTEM, MEMORY, GCS, AZURE, got 'tape' (application.yaml line 1)",
    ],
    [
      's3.compression: zstd',
      "s3.compression: it is for Zeebe's layout; leave it out, and set tidemark.compression to 'auto', or " +
        "zeebe.broker.data.backup.format to 'zeebe' (application.yaml line 1)",
    ],
    ['s3.compression: gzip', "s3.compression: expected zstd, none, got 'gzip' (application.yaml line 1)"],
    ['format: camunda', "format: expected tidemark, zeebe, got 'camunda' (application.yaml line 1)"],
    ['s3.basePath: ""', 's3.basePath: it is empty; leave it out to mean unset (application.yaml line 1)'],
    ...[
      ['/a', "it begins with '/'"],
      ['a/', "it ends with '/'"],
      ['/', "it begins with '/'"],
      ['a//b', 'a part between two slashes is empty'],
      ['a/./b', "'.' may be no part of it"],
      ['../x', "'..' may be no part of it"],
    ].map(([path, flaw]) => [
      `s3.basePath: ${path}`,
      `s3.basePath: expected parts joined by '/'; ${flaw}, got '${path}' (application.yaml line 1)`,
    ]),
    [
      's3.apiCallTimeout: soon',
      "s3.apiCallTimeout: expected a duration such as PT180S or 180s, in 1ms..86400000ms, got 'soon' " +
        '(application.yaml line 1)',
    ],
    [
      's3.forcePathStyleAccess: perhaps',
      "s3.forcePathStyleAccess: expected true or false, got 'perhaps' (application.yaml line 1)",
    ],
    [
      's3.endpoint: localhost:9000',
      "the http or https URL of a server, without user and password, got 'localhost:9000'",
    ],
  ])('%s', (line, expected) => {
    const env = /store|basePath: it/.test(line ?? '') ? {} : S3;
    const problems = problemsOf(`zeebe.broker.data.backup.${line}`, env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  it("tell what Zeebe's layout does not take", () => {
    const text = 'zeebe.broker.data.backup: { format: zeebe, store: FILESYSTEM, filesystem.basePath: /b }';
    const env = { TIDEMARK_HEARTBEAT: '5s', TIDEMARK_STALEAFTER: '20s', TIDEMARK_CHUNKSIZE: '4MB' };
    expect(problemsOf(text, env)).toEqual([
      "zeebe.broker.data.backup.format: Zeebe's layout is kept in S3 only; leave it out, or use S3 " +
        '(application.yaml line 1)',
      "tidemark.heartbeat: Zeebe's layout knows no signs of life; leave it out (environment TIDEMARK_HEARTBEAT)",
      "tidemark.staleAfter: Zeebe's layout knows no signs of life; leave it out (environment TIDEMARK_STALEAFTER)",
      'tidemark.chunkSize: 4194304 bytes are less than a part of an upload may have; use 5MB or more ' +
        '(environment TIDEMARK_CHUNKSIZE)',
    ]);
  });

  it('tell what does not fit together', () => {
    const text = 'zeebe.broker.cluster: { nodeId: 3, clusterSize: 3, replicationFactor: 4 }';
    const env = { TIDEMARK_STALEAFTER: '20s', MANAGEMENT_ENDPOINT_BACKUPS_ENABLED: 'true' };
    expect(problemsOf(`${text}\nmanagement.endpoints.backups.enabled: no`, env)).toEqual([
      'zeebe.broker.cluster.nodeId: 3 is not below zeebe.broker.cluster.clusterSize (3) (application.yaml line 1)',
      'zeebe.broker.cluster.replicationFactor: 4 is above zeebe.broker.cluster.clusterSize (3) ' +
        '(application.yaml line 1)',
      'tidemark.staleAfter: 20000ms is less than twice tidemark.heartbeat (15000ms) (environment TIDEMARK_STALEAFTER)',
      'management.endpoint.backups.enabled: it is true and management.endpoints.backups.enabled is false; ' +
        'set one of them (environment MANAGEMENT_ENDPOINT_BACKUPS_ENABLED)',
    ]);
  });

  it.each([
    ['zeebe:\n  broker: {\n', 3],
    ['zeebe:\n\tbroker: 1', 2],
    ['a: 1\na: 2', 2],
    ['a: 1\n---\nb: 2', 2],
    ['just text', 1],
    ['- a\n- b', 1],
    ['a: *nowhere', 1],
    ['a: 1\n? [b]\n: 2', 1],
    ['x: 1\n<<: { b: 2 }', 2],
  ])('name the line of the YAML that cannot be read: %j', (text, line) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).toContain(`(application.yaml line ${line})`);
  });

  it('are told of YAML that would blow up', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} { ${refs(i)} }`).join('\n');
    expect(problemsOf(levels).join()).toContain('more than 10000 values');
    const deep = `${'{ a: '.repeat(80)}1${' }'.repeat(80)}`;
    expect(problemsOf(deep).join()).toContain('nested deeper than 50 levels');
  });
});

function refs(level: number): string {
  return level === 0 ? 'v: 1' : Array.from({ length: 9 }, (_, i) => `k${i}: *a${level - 1}`).join(', ');
}

describe('secrets', () => {
  const env = {
    ...S3,
    ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: 'AKIAHARBOUR',
    ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: 'hush-hush',
    TIDEMARK_MANAGEMENT_TOKEN: 'hush-token',
  };

  it('are usable and not shown', () => {
    const settings = load('', env);
    expect(settings.backup).toMatchObject({ accessKey: 'AKIAHARBOUR', secretKey: 'hush-hush' });
    expect(settings.management.token).toBe('hush-token');
    for (const shown of [
      JSON.stringify(settings),
      JSON.stringify(settings.backup),
      inspect(settings, { depth: 9, showHidden: false }),
      inspect(settings.backup),
    ]) {
      expect(shown).toContain('backups');
      expect(shown).toContain('***');
      expect(shown).not.toMatch(/AKIAHARBOUR|hush/);
    }
  });

  it.each([
    'zeebe.broker.data.backup.s3.secretKey: hush\nzeebe.broker.data.backup.s3.secret-key: hush-hush',
    'zeebe.broker.data.backup.s3.secretKey: !hush x',
    'zeebe.broker.data.backup.s3.secretKey: *hush',
    'zeebe.broker.data.backup.s3.secretKey: "\\hush"',
    'zeebe.broker.data.backup.s3.secretKey: "hush" hush',
    'zeebe.broker.data.backup.s3.secretKey: |hush',
    'zeebe.broker.data.backup.s3.secretKey: {hush',
    'zeebe.broker.data.backup.s3.secretKey: `hush',
    'zeebe.broker.data.backup.s3.endpoint: http://user:hush@localhost',
  ])('are in no problem: %j', (text) => {
    expect(problemsOf(text, S3).join('\n').replaceAll("'hush'", '')).not.toContain('hush');
  });
});

describe('unknown keys', () => {
  it('are warned of where they are about backups, with the nearest key', () => {
    const text = `
zeebe.broker.data.backup:
  s3: { bucketNam: x, somethingElseAltogether: y }
  gcs.bucketName: fine
zeebe.broker.network.host: fine
tidemark.chunksize: 2MB
tidemark.chunkSze: 3MB
`;
    const env = { ZEEBE_BROKER_DATA_BACKUP_S3_ENDPONT: 'x', ZEEBE_BROKER_GATEWAY_ENABLE: 'true' };
    expect(load(text, env).warnings).toEqual([
      'unknown key ZEEBE_BROKER_DATA_BACKUP_S3_ENDPONT has no effect; ' +
        'did you mean ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT?',
      'unknown key zeebe.broker.data.backup.s3.bucketNam has no effect; ' +
        'did you mean zeebe.broker.data.backup.s3.bucketName? (application.yaml line 3)',
      'unknown key zeebe.broker.data.backup.s3.somethingElseAltogether has no effect (application.yaml line 3)',
      'unknown key tidemark.chunkSze has no effect; did you mean tidemark.chunkSize? (application.yaml line 7)',
    ]);
  });
});

describe('the management endpoint', () => {
  it.each([
    [{}, true],
    [{ MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE: 'health, Backups' }, true],
    [{ MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE: 'health' }, false],
    [{ MANAGEMENT_ENDPOINT_BACKUPS_ENABLED: 'false' }, false],
    [{ MANAGEMENT_ENDPOINTS_BACKUPS_ENABLED: 'off' }, false],
    [{ MANAGEMENT_ENDPOINTS_BACKUPS_ENABLED: 'yes', MANAGEMENT_ENDPOINT_BACKUPS_ENABLED: '1' }, true],
  ])('%j: %s', (env, enabled) => expect(load('', env).management.enabled).toBe(enabled));
});
