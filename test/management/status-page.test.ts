// The page for people: where it is, what it may do, and that it changes nothing for anybody else. What it looks like
// and does in a browser is test/page.
import { createHash } from 'node:crypto';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { EncryptionKeyMissing, EncryptionKeyWrong } from '../../src/core/encryption-errors.ts';
import {
  Aborted,
  AttemptFenced,
  BackupAlreadyExists,
  BackupCorrupt,
  BackupNotPossible,
  BrokerFailure,
  DeadlineExceeded,
  ForeignCluster,
  StoreAccessDenied,
  StoreFailure,
  StoreNotFound,
  StoreUnavailable,
} from '../../src/core/errors.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { ADVICE } from '../../src/management/status-page-advice.ts';
import { sourceTree } from '../architecture/source-tree.ts';
import { setUp } from './set-up.ts';

const PAGE = '/actuator/backups/ui';
const between = (text: string, tag: string) => [
  ...text.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g')),
];

describe('the route', () => {
  it('answers GET with the page and HEAD with its headers', async () => {
    const { cluster, ask } = setUp();
    const page = await ask('GET', PAGE);
    expect([page.status, page.type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toMatch(/^<!doctype html>/);
    const head = await ask('HEAD', PAGE);
    expect([head.status, head.type, head.text]).toEqual([200, page.type, '']);
    expect(cluster.requests).toEqual([]);
  });

  it.each(['POST', 'DELETE', 'PUT'])('refuses %s', async (method) => {
    const { cluster, ask } = setUp();
    const answer = await ask(method, PAGE);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(cluster.requests).toEqual([]);
  });

  it('moves with the base path', async () => {
    const { ask } = setUp({ basePath: '/ops' });
    expect((await ask('GET', '/ops/backups/ui')).status).toBe(200);
    expect((await ask('GET', PAGE)).status).toBe(404);
    expect((await ask('GET', '/ops/backups/ui/')).status).toBe(404);
  });

  it('needs no token, and opens nothing else to those without one', async () => {
    const { ask } = setUp({ bearerToken: 'open sesame' });
    expect((await ask('GET', `${PAGE}?x=1`)).status).toBe(200);
    for (const [method, path] of [
      ['POST', PAGE],
      ['DELETE', PAGE],
      ['GET', '/actuator/backups'],
      ['GET', '/actuator/backups/1'],
      ['GET', '/actuator/backups/ranges'],
      ['GET', '/actuator/backups/ui/'],
      ['GET', '/actuator/backups/u%69'],
    ] as const) {
      expect((await ask(method, path)).status, `${method} ${path}`).toBe(401);
    }
  });
});

describe('the document', () => {
  it('lets its own style and program run, and nothing else', async () => {
    const { text, headers } = await setUp().ask('GET', PAGE);
    const policy = headers.get('content-security-policy') ?? '';
    for (const [tag, directive] of [
      ['style', 'style-src'],
      ['script', 'script-src'],
    ] as const) {
      const parts = between(text, tag);
      expect(parts).toHaveLength(1);
      const hash = createHash('sha256')
        .update(parts[0]?.[1] ?? '')
        .digest('base64');
      expect(policy).toContain(`${directive} 'sha256-${hash}'`);
    }
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('names no other place, and makes no markup of what it is told', async () => {
    const { text } = await setUp().ask('GET', PAGE);
    expect(text).not.toMatch(/https?:|\/\/[a-z0-9-]+\.[a-z]/i);
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
    expect(text).not.toMatch(/ on[a-z]+=|javascript:| style="/i);
    expect(text).not.toMatch(/localStorage|document\.cookie/);
    expect(text.length).toBeLessThan(40_000);
  });

  it('holds a program that a browser can read, with names that exist', async () => {
    const { text } = await setUp().ask('GET', PAGE);
    const script = between(text, 'script')[0]?.[1] ?? '';
    const name = '/page.js';
    const options = { allowJs: true, checkJs: true, noEmit: true, target: ts.ScriptTarget.ES2022, lib: [] };
    const relaxed = {
      ...options,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: [],
    };
    const host = ts.createCompilerHost(relaxed);
    const { getSourceFile, fileExists } = host;
    host.fileExists = (path) => path === name || fileExists(path);
    host.getSourceFile = (path, language, ...rest) =>
      path === name ? ts.createSourceFile(path, script, language) : getSourceFile(path, language, ...rest);
    const program = ts.createProgram([name], relaxed, host);
    const file = program.getSourceFile(name);
    const all = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    // It is JavaScript and its objects have no types: only names that are not there count (2304, 2552).
    const wrong = all.filter(({ code }) => code < 2000 || code === 2304 || code === 2552);
    expect(wrong.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
    const broken = ts.createSourceFile(name, `${script}\nnobody();`, ts.ScriptTarget.ES2022);
    host.getSourceFile = (path, language, ...rest) =>
      path === name ? broken : getSourceFile(path, language, ...rest);
    const again = ts.createProgram([name], relaxed, host);
    const found = again.getSemanticDiagnostics(again.getSourceFile(name));
    expect(found.some(({ code }) => code === 2304)).toBe(true);
  });

  it('does not end its script early, whatever is in the strings', async () => {
    const { text } = await setUp().ask('GET', PAGE);
    expect(text.match(/<\/?script/gi)).toHaveLength(2);
    expect(text.match(/<\/?style/gi)).toHaveLength(2);
  });
});

describe('the advice', () => {
  const id = { checkpointId: checkpointId(1), partitionId: 1, nodeId: 0 };
  const reasons = [
    new StoreUnavailable('put', 'x'),
    new StoreAccessDenied('put', 'x'),
    new StoreNotFound('x'),
    new StoreFailure('put', 'x'),
    new ForeignCluster('a', 'b'),
    new EncryptionKeyMissing('o', ['a']),
    new EncryptionKeyWrong('o', 'a'),
    new BackupCorrupt('o', 'x'),
    new BackupNotPossible('x'),
    new BrokerFailure('reserve', 'x'),
    new BackupAlreadyExists(id, 'FAILED'),
    new DeadlineExceeded('take', 1),
    new AttemptFenced(id, 'x'),
    new Aborted('take'),
  ].map(({ message }) => message);

  const adviceFor = (reason: string) =>
    ADVICE.find(({ sign }) => reason.toLowerCase().includes(sign.toLowerCase()));

  it('has a word of its own for each way in which an attempt ends', () => {
    const found = reasons.map((reason) => adviceFor(reason)?.sign);
    expect(found).not.toContain(undefined);
    expect(new Set(found).size).toBe(reasons.length);
  });

  it('knows only signs that the source has', () => {
    const text = sourceTree()
      .filter(({ path }) => !path.includes('status-page'))
      .map((file) => file.text)
      .join('\n')
      .toLowerCase();
    expect(ADVICE.map(({ sign }) => sign).filter((sign) => !text.includes(sign.toLowerCase()))).toEqual([]);
  });
});
