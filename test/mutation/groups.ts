// What is mutated, and by which tests each part should be noticed: its own. A mutant that only a test of the whole
// program would notice counts as not noticed.

export interface Group {
  readonly name: string;
  readonly mutate: readonly string[];
  readonly tests: readonly string[];
}

const nativeTests = [
  'parse-manifest',
  'manifest-edges',
  'copy-state',
  'native-keys',
  'format-1',
  'labels',
  'holds',
];

export const GROUPS: readonly Group[] = [
  {
    name: 'core and engines',
    mutate: [
      'src/core/{backup,deadline,ids,parse-checkpoint-id,partition-distribution,result}.ts',
      'src/checkpoint/*.ts',
      'src/cluster/fold-states.ts',
      'src/restore/restore-plan.ts',
      'src/partition/backup-selection.ts',
      'src/objects/object-key.ts',
    ],
    tests: [
      'test/{core,checkpoint,cluster,partition}/*.test.ts',
      'test/restore/restore-plan.test.ts',
      'test/objects/{object-key,key-edges}.test.ts',
    ],
  },
  {
    name: 'management',
    mutate: [
      'src/management/{wire,request-id,request-url,decode-backup-info,management-endpoint,bearer-token,error-status}.ts',
    ],
    tests: ['test/management/*.test.ts'],
  },
  {
    name: 'native layout',
    mutate: [
      'src/stores/tidemark/{keys,parse-body,parse-manifest,manifest,copy-state,storing-plan,lossless-text,reusable-pieces,unsavable}.ts',
    ],
    tests: [`test/stores/{${nativeTests.join(',')}}.test.ts`],
  },
  {
    name: 'listings',
    mutate: [
      'src/stores/tidemark/{list-backups,list-copies,list-entries,base-backup}.ts',
      'src/stores/zeebe/list-{copies,backups}.ts',
    ],
    tests: [
      'test/stores/{reading,incremental,format-1,listings,listing-failures,hostile-sizes}.test.ts',
      'test/stores/zeebe/{zeebe-backup-store,foreign-keys,edges}.test.ts',
      'test/cli/delete-leftovers.test.ts',
      'test/contract/backup-store{,-zeebe}.test.ts',
    ],
  },
  {
    name: "Zeebe's layout",
    mutate: ['src/stores/zeebe/{keys,parse-manifest,manifest,instant,zstd}.ts'],
    tests: ['test/stores/zeebe/*.test.ts'],
  },
  {
    name: "Zeebe's files",
    mutate: [
      'src/zeebe/{byte-reader,checkpoint-list,message-pack,sbe-header,truncate-segment}.ts',
      'src/zeebe/{journal,snapshot}/*.ts',
    ],
    tests: ['test/zeebe/*.test.ts'],
  },
  {
    name: 'configuration',
    mutate: ['src/config/*.ts', '!src/config/{setting-keys,settings}.ts'],
    tests: ['test/config/*.test.ts'],
  },
];
