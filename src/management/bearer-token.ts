// Checks the bearer token of a request, in a time that does not depend on how much of it is right.
import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether the request carries this token as `Authorization: Bearer <token>`. */
export function hasBearerToken(request: Request, token: string): boolean {
  const sent = /^Bearer +(.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
  return timingSafeEqual(digest(sent), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
