// The policy against what the stores send: every promise of the contract is kept on a server that writes down each request.
import { systemClock } from 'tidemark';
import { S3BackupStore } from 'tidemark/s3';
import { backupStoreContract, type S3Operation, startMisbehavingS3 } from 'tidemark/testkit';

import { expect, it } from 'vitest';
import { iamPolicy, objectActions } from '../../../src/cli/doctor/iam-policy.ts';
import { ZeebeS3BackupStore } from '../../../src/stores/zeebe-s3-backup-store.ts';
import { countContract } from '../../../src/testkit/count-contract.ts';
import { sampleBackup, sampleFile } from '../../../src/testkit/sample-backups.ts';

/** Of Amazon's table of actions: what each operation needs. */
const NEEDS: Readonly<Record<S3Operation, readonly string[]>> = {
  PutObject: ['s3:PutObject'],
  GetObject: ['s3:GetObject'],
  HeadObject: ['s3:GetObject'],
  DeleteObject: ['s3:DeleteObject'],
  DeleteObjects: ['s3:DeleteObject'],
  ListObjectsV2: ['s3:ListBucket'],
  CreateMultipartUpload: ['s3:PutObject'],
  UploadPart: ['s3:PutObject'],
  CompleteMultipartUpload: ['s3:PutObject'],
  AbortMultipartUpload: ['s3:AbortMultipartUpload'],
  Other: ['not in the policy'],
};

it.each(['tidemark', 'zeebe'] as const)(
  'allows what the store in layout %s sends, and no more',
  async (layout) => {
    const s3 = await startMisbehavingS3({ clock: systemClock });
    let number = 0;
    const open = () => {
      number += 1;
      const settings = {
        endpoint: s3.endpoint,
        region: 'us-east-1',
        bucketName: 'bucket',
        basePath: `prod/backups/${number}`,
        accessKey: 'a',
        secretKey: 'b',
        forcePathStyleAccess: true,
      };
      return layout === 'zeebe' ? new ZeebeS3BackupStore(settings) : new S3BackupStore(settings);
    };
    const counted = await countContract(
      backupStoreContract,
      async () => {
        const store = open();
        return { context: { store }, close: () => store.close() };
      },
      { capabilities: { checksums: false } },
    );
    expect(counted.broken).toEqual([]);
    // A large file, and one that ends too early: parts that are thrown away.
    const store = open();
    const large = sampleBackup();
    const broken = { ...sampleFile('large', 1), sizeBytes: 20_000_000 };
    expect((await store.save({ ...large, segmentFiles: [broken] })).isErr()).toBe(true);
    if (store instanceof S3BackupStore) expect((await store.sweep()).isOk()).toBe(true);
    await store.close();

    const sent = new Set(s3.requests.flatMap(({ operation }) => NEEDS[operation]));
    expect(sent).toEqual(new Set(['s3:ListBucket', ...objectActions({ layout, readOnly: false })]));
    const outside = s3.requests.filter(
      ({ key, query }) => !(key || query.get('prefix') || 'prod/backups/').startsWith('prod/backups/'),
    );
    expect(outside.map(({ key }) => key)).toEqual([]);
    await s3.close();
  },
);

it('names the bucket and what lies below the base path', () => {
  expect(iamPolicy({ bucketName: 'b', basePath: 'prod', layout: 'tidemark', readOnly: true })).toEqual({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'List',
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: ['arn:aws:s3:::b'],
        Condition: { StringLike: { 's3:prefix': ['prod/*'] } },
      },
      {
        Sid: 'Missing',
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: ['arn:aws:s3:::b'],
        Condition: { Null: { 's3:prefix': 'true' } },
      },
      { Sid: 'Objects', Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::b/prod/*'] },
    ],
  });
  const whole = iamPolicy({ bucketName: 'b', layout: 'zeebe', readOnly: false });
  expect(JSON.stringify(whole)).toContain('"arn:aws:s3:::b/*"');
  expect(JSON.stringify(whole)).not.toContain('Condition');
});
