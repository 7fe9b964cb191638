// `npm run test:page`: the status page in a real Chromium, over a real server: what it shows, that nothing hostile
// runs in it, that it asks nobody else, and how it looks. UPDATE_DOCS=1 takes the pictures of the guide anew.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Browser, findChromium, type Page } from './browser.ts';
import { TOO_FAINT } from './contrast.ts';
import { HOSTILE, HUGE, shownCluster } from './shown-cluster.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const PAGE = '/actuator/backups/ui';
const UPDATED = `document.getElementById('updated').textContent.startsWith('updated')`;
const TEXT = 'document.body.innerText';
let passed = 0;
let failed = 0;

function check(what: string, isGood: boolean, detail: unknown = ''): void {
  if (isGood) passed += 1;
  else failed += 1;
  console.log(`${isGood ? 'ok    ' : 'FAILED'}  ${what}${isGood ? '' : `: ${String(detail)}`}`);
}

const rowOf = (id: bigint | number) =>
  `[...document.querySelectorAll('details')].find((each) => each.querySelector('.id').textContent === '${id}')`;
const openAll = `document.querySelectorAll('details').forEach((each) => { each.open = true; })`;

async function hostile(browser: Browser): Promise<void> {
  const shown = shownCluster(Date.now(), true);
  const { ids, cluster } = shown;
  const server = await shown.serve();
  const page = await browser.page();
  await page.open(server.url + PAGE);
  check('the page shows what the API tells', await page.becomes(UPDATED));
  const text = await page.value<string>(TEXT);
  const words = ['snapshot that is newer', 'COMPLETED', 'FAILED', 'IN PROGRESS', 'INCOMPLETE', '78 points'];
  for (const word of words) check(`it says "${word}"`, text.includes(word), text);
  check('an id keeps all of its digits', await page.becomes(rowOf(HUGE)));
  await page.value(openAll);
  check(
    'a hostile reason is text',
    await page.becomes(`${TEXT}.includes(${JSON.stringify(HOSTILE.slice(0, 60))})`),
  );
  check('no part of it ran', (await page.value('window.harmed')) === undefined);
  check('no part of it became an element', (await page.value('document.images.length')) === 0);
  check(
    'each failure has its advice',
    await page.becomes(`${rowOf(ids.failed)}.querySelectorAll('.advice').length === 2`),
  );
  const advice = await page.value<string>(`${rowOf(ids.failed)}.innerText`);
  check('which fits the reason', /No snapshot is old enough/.test(advice), advice);
  check(
    'a partition that runs shows how far it is',
    await page.becomes(`${rowOf(ids.running)}.querySelectorAll('progress').length === 2`),
  );
  check(
    'one without all partitions says what to do',
    await page.becomes(`${rowOf(ids.partly)}.innerText.includes('Trigger the id')`),
  );

  for (const partition of [2, 3]) cluster.partition(partition).backups.delete(BigInt(ids.running));
  for (const partition of [2, 3]) cluster.put(ids.running, partition, 'COMPLETED');
  const row = rowOf(ids.running);
  await page.value(`window.before = ${row}; window.before.querySelector('summary').focus()`);
  check(
    'it refreshes by itself',
    await page.becomes(`${row}.querySelector('.state').textContent === 'COMPLETED'`),
  );
  check(
    'what has the focus keeps it',
    await page.value(`document.activeElement === window.before.firstChild`),
  );

  await page.size(360, 740, true);
  check('a phone needs no scrolling aside', await page.value('document.documentElement.scrollWidth <= 360'));
  for (const scheme of ['light', 'dark'] as const) {
    await page.wear(scheme);
    const faint = await page.value<string[]>(TOO_FAINT);
    check(`all text can be read, ${scheme}`, faint.length === 0, faint.join('; '));
  }
  const foreign = page.requested.filter(
    (url) => !url.startsWith(`${server.url}/`) && !/^(about|data):/.test(url),
  );
  check('it asks nobody else', foreign.length === 0, foreign.join());
  check(
    'the browser has nothing to complain about',
    page.complaints.length === 0,
    page.complaints.join('\n'),
  );
  await server.close();
  check('a server that is gone is told', await page.becomes(`!document.getElementById('trouble').hidden`));
}

async function withToken(browser: Browser): Promise<void> {
  const server = await shownCluster(Date.now(), false).serve({ bearerToken: 'open sesame' });
  const page = await browser.page();
  await page.open(server.url + PAGE);
  const enter = (secret: string) =>
    page.value(`document.getElementById('secret').value = '${secret}';
      document.querySelector('#token form').requestSubmit()`);
  check('without a token it asks for one', await page.becomes(`!document.getElementById('token').hidden`));
  check('and shows nothing', (await page.value('document.querySelectorAll("details").length')) === 0);
  await enter('guess');
  check('a wrong one is refused', await page.becomes(`!document.getElementById('refused').hidden`));
  await enter('open sesame');
  check('the right one opens', await page.becomes(UPDATED));
  await page.open(server.url + PAGE);
  check('it is not asked for again in this tab', await page.becomes(UPDATED));
  const kept = await page.value(
    '[JSON.stringify(sessionStorage), localStorage.length, document.cookie].join()',
  );
  check('it is kept in the tab alone', kept === '{"tidemark-token":"open sesame"},0,', kept);
  const other = await browser.page();
  await other.open(server.url + PAGE);
  check('another tab asks again', await other.becomes(`!document.getElementById('token').hidden`));
  const urls = [...page.requested, ...other.requested].join();
  check('it is in no address', !/sesame|guess/.test(urls), urls);
  await server.close();
}

async function olderDialect(browser: Browser): Promise<void> {
  const shown = shownCluster(Date.now(), false);
  const server = await shown.serve({ dialect: '8.1', basePath: '/deep/er' });
  const page = await browser.page();
  await page.open(`${server.url}/deep/er/backups/ui`);
  check('it works below another path', await page.becomes(UPDATED));
  await page.value(openAll);
  check(
    'it reads the shapes of 8.1',
    await page.becomes(`${rowOf(shown.ids.failed)}.querySelectorAll('.advice').length === 2`),
  );
  check('with nothing to complain about', page.complaints.length === 0, page.complaints.join('\n'));
  await server.close();
}

async function pictures(browser: Browser): Promise<void> {
  const shown = shownCluster(Date.now(), false);
  const server = await shown.serve();
  const page = await browser.page();
  await page.size(860, 1180);
  for (const scheme of ['light', 'dark'] as const) {
    await page.wear(scheme);
    await page.open(server.url + PAGE);
    await page.becomes(UPDATED);
    await page.value(`${rowOf(shown.ids.failed)}.open = true`);
    await page.becomes(`${rowOf(shown.ids.failed)}.querySelectorAll('.advice').length === 2`);
    const picture = await shot(page);
    check(`a picture in ${scheme} is small`, picture.length < 200_000, picture.length);
    if (process.env.UPDATE_DOCS === '1') await writeFile(`${IMAGES}status-page-${scheme}.png`, picture);
  }
  await server.close();
}

/** Taken once nothing moves any more. */
async function shot(page: Page): Promise<Buffer> {
  await page.value('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  return page.picture();
}

const program = findChromium();
if (program === undefined) {
  console.log(
    'NOT RUN: no chromium in the PATH; name one in CHROMIUM, or on Debian: apt-get install chromium',
  );
} else {
  const browser = await Browser.start(program);
  try {
    await hostile(browser);
    await withToken(browser);
    await olderDialect(browser);
    await pictures(browser);
  } finally {
    await browser.close();
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
