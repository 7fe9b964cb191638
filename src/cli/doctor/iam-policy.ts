// The least that a bucket must allow, as an IAM policy. Pure. A test holds it against the requests that the stores
// send.

export interface IamPlace {
  readonly bucketName: string;
  readonly basePath?: string | undefined;
  readonly layout: 'tidemark' | 'zeebe';
  /** For those who list, verify and restore. */
  readonly readOnly: boolean;
}

/** What is asked of single objects. `HeadObject` is a `GetObject`, parts of an upload are a `PutObject`. */
export function objectActions({
  layout,
  readOnly,
}: Pick<IamPlace, 'layout' | 'readOnly'>): readonly string[] {
  if (readOnly) return ['s3:GetObject'];
  const parts = layout === 'zeebe' ? ['s3:AbortMultipartUpload'] : [];
  return ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', ...parts];
}

export function iamPolicy(place: IamPlace): object {
  const { bucketName, basePath } = place;
  const bucket = `arn:aws:s3:::${bucketName}`;
  const under = basePath === undefined ? '' : `${basePath}/`;
  const list = { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [bucket] };
  return {
    Version: '2012-10-17',
    Statement: [
      ...(basePath === undefined
        ? [{ Sid: 'List', ...list }]
        : [
            { Sid: 'List', ...list, Condition: { StringLike: { 's3:prefix': [`${under}*`] } } },
            // A read of a missing object has no prefix, and without the right to list it would be 403 and not 404.
            // In one statement with the other it takes `StringLikeIfExists`, which MinIO does not know.
            { Sid: 'Missing', ...list, Condition: { Null: { 's3:prefix': 'true' } } },
          ]),
      {
        Sid: 'Objects',
        Effect: 'Allow',
        Action: objectActions(place),
        Resource: [`${bucket}/${under}*`],
      },
    ],
  };
}
