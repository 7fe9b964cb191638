// The page that shows a cluster's backups to people: one document that loads no other. It holds no data and
// no secret; its program asks the JSON routes beside it, as anybody would.
import { createHash } from 'node:crypto';
import { STATUS_PAGE_SCRIPT } from './status-page-script.ts';
import { STATUS_PAGE_STYLE } from './status-page-style.ts';

const MARKUP = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Backups</title>
<link rel="icon" href="data:,">
<style>${STATUS_PAGE_STYLE}</style>
</head>
<body>
<header><h1>Backups</h1><span id="updated" class="soft" role="status">loading</span>
<button id="refresh" type="button">Refresh</button></header>
<main>
<div id="trouble" class="card pad trouble" role="alert" hidden></div>
<div id="token" class="card pad" hidden><form>
<label for="secret">This API needs its bearer token. It is kept in this tab alone, until you close it.</label>
<span id="refused" class="soft" hidden>The last one was not accepted.</span>
<input id="secret" type="password" autocomplete="off" required><button>Show</button></form></div>
<div id="tiles"></div>
<section id="ranges" hidden><h2>Can be restored to</h2><div class="card pad"></div></section>
<h2>All backups, newest first</h2>
<div id="list"></div>
<p id="none" class="soft" hidden>There is no backup yet.</p>
<button id="more" type="button" hidden>Show more</button>
<noscript><p class="card pad">This needs JavaScript. The JSON one level up does not.</p></noscript>
</main>
<script>${STATUS_PAGE_SCRIPT}</script>
</body>
</html>
`;

/** The answer to a GET. Nothing but its own style and program may run in it, and no other page may frame it. */
export function statusPage(): Response {
  return new Response(MARKUP, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': [
        "default-src 'none'",
        "connect-src 'self'",
        'img-src data:',
        `style-src ${hashOf(STATUS_PAGE_STYLE)}`,
        `script-src ${hashOf(STATUS_PAGE_SCRIPT)}`,
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ].join('; '),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    },
  });
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
