// The program of the status page, which runs in a browser. It asks the JSON routes beside it and shows what they
// say; it changes nothing. All text goes in as text: nothing that is told is ever taken for markup.
import { ADVICE, OTHER_ADVICE } from './status-page-advice.ts';

// Behind a tag's opening bracket a browser looks for the end of the script, also inside of strings.
const asScript = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');

const PROGRAM = String.raw`
const TOKEN_KEY = 'tidemark-token';
const byId = (id) => document.getElementById(id);
const opened = new Map();
const details = new Map();
let shown = 20;
let token = stored();
let timer;
let rangesFor;
let turn = 0;

function stored() {
  try { return sessionStorage.getItem(TOKEN_KEY) ?? ''; } catch { return ''; }
}

function keep(value) {
  token = value;
  try {
    if (value === '') sessionStorage.removeItem(TOKEN_KEY);
    else sessionStorage.setItem(TOKEN_KEY, value);
  } catch { /* then it is asked for again with the next visit */ }
}

function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
}

// Ids have more digits than a number keeps: long ones become text before they are read.
function exact(text) {
  const digits = (found) => (/^-?\d{16,}$/.test(found) ? '"' + found + '"' : found);
  const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
  return JSON.parse(text.replace(token, (found) => (found[0] === '"' ? found : digits(found))));
}

async function ask(path) {
  const headers = token === '' ? {} : { authorization: 'Bearer ' + token };
  const response = await fetch(path, { headers, cache: 'no-store', signal: AbortSignal.timeout(30000) });
  const text = await response.text();
  let body;
  try { body = exact(text); } catch { body = undefined; }
  if (!response.ok || body === undefined) {
    const told = body && typeof body === 'object' ? (body.message ?? body.failure) : undefined;
    const error = new Error(told ?? 'the answer has the status ' + response.status + ' and is no JSON');
    error.status = response.status;
    throw error;
  }
  return { body, more: /rel="next"/.test(response.headers.get('link') ?? '') };
}

// 8.1 names the same things otherwise.
function backupOf(info) {
  const list = info.details ?? info.partitions ?? [];
  return {
    id: String(info.backupId),
    state: String(info.state ?? info.status),
    partitions: list.map((each) => ({ ...each, state: String(each.state ?? each.status) })),
  };
}

function time(at) {
  return at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

// An id from the clock is milliseconds since 1970; one that somebody chose by hand is small.
function timeOfId(id) {
  const ms = Number(id);
  return /^\d{13}$/.test(id) && ms > 1262304000000 && ms < 4102444800000 ? new Date(ms) : undefined;
}

function timeOf(backup) {
  const created = backup.partitions.map((each) => Date.parse(each.createdAt ?? '')).filter((ms) => ms > 0);
  return timeOfId(backup.id) ?? (created.length > 0 ? new Date(Math.min(...created)) : undefined);
}

function ago(at) {
  const seconds = Math.round((Date.now() - at.getTime()) / 1000);
  const size = Math.abs(seconds);
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
  if (size < 90) return words.format(-seconds, 'second');
  if (size < 5400) return words.format(-Math.round(seconds / 60), 'minute');
  if (size < 129600) return words.format(-Math.round(seconds / 3600), 'hour');
  return words.format(-Math.round(seconds / 86400), 'day');
}

function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = Number(count);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return (unit === 0 ? String(value) : value.toFixed(1)) + ' ' + units[unit];
}

function adviceFor(reason) {
  const text = reason.toLowerCase();
  return ADVICE.find((each) => text.includes(each.sign.toLowerCase()))?.advice ?? OTHER_ADVICE;
}

function adviceForState(backup) {
  if (backup.state !== 'INCOMPLETE') return undefined;
  const id = backup.id;
  return 'Some partitions have no copy of it. Trigger the id ' + id + ' again: those that have it ignore that. ' +
    'Or give it up: delete it, and take a higher id.';
}

function badge(state) {
  return make('span', 'state ' + (/^[A-Z_]+$/.test(state) ? state : ''), state.replaceAll('_', ' '));
}

function partitionRow(each) {
  const name = make('span', '', 'partition ' + each.partitionId);
  const row = make('div', 'partition', name, make('span', '', badge(each.state)));
  const rest = make('span', 'rest soft');
  const told = each.progress;
  if (told && each.state === 'IN_PROGRESS') {
    const total = Number(told.bytesTotal) || 0;
    const bar = make('progress');
    bar.max = Math.max(total, 1);
    bar.value = Number(told.bytesDone) || 0;
    bar.setAttribute('aria-label', 'progress of partition ' + each.partitionId);
    rest.append(bar, bytes(told.bytesDone) + ' of ' + bytes(total));
    if (told.bytesReused > 0) rest.append(', of that ' + bytes(told.bytesReused) + ' reused');
    if (told.throttledMs > 0) rest.append(', paused for ' + Math.round(told.throttledMs / 1000) + ' s');
  } else if (each.checkpointPosition !== undefined) {
    rest.append('up to position ' + each.checkpointPosition + ', on node ' + each.brokerId);
  }
  row.append(rest);
  if (each.state === 'FAILED') {
    const reason = each.failureReason || 'no reason was told';
    row.append(make('div', 'wide reason', reason), make('div', 'wide advice', adviceFor(reason)));
  }
  return row;
}

function fill(element, backup) {
  const done = backup.partitions.filter((each) => each.state === 'COMPLETED').length;
  const at = timeOf(backup);
  element.firstChild.replaceChildren(
    badge(backup.state),
    make('span', 'id', backup.id),
    make('span', 'when soft', at === undefined ? '' : time(at) + ' (' + ago(at) + ')'),
    make('span', 'soft', done + '/' + backup.partitions.length + ' partitions'),
  );
  // Left alone while it says the same: a reader may be selecting text in it.
  const said = JSON.stringify(backup);
  if (element.dataset.said === said) return;
  element.dataset.said = said;
  const advice = adviceForState(backup);
  const rows = backup.partitions.map(partitionRow);
  element.lastChild.replaceChildren(...(advice ? [make('div', 'advice', advice)] : []), ...rows);
}

// A row stays the same element, so that what is open stays open and what has the focus keeps it.
function rowOf(backup) {
  let element = opened.get(backup.id);
  if (element === undefined) {
    element = make('details', 'card', make('summary', ''), make('div', 'body'));
    element.open = backup.state === 'IN_PROGRESS';
    element.addEventListener('toggle', () => { if (element.open) void look(backup.id); });
    opened.set(backup.id, element);
  }
  return element;
}

async function look(id) {
  try {
    const backup = backupOf((await ask('../backups/' + encodeURIComponent(id))).body);
    details.set(id, backup);
    const element = opened.get(id);
    if (element !== undefined) fill(element, backup);
  } catch (error) {
    if (error.status !== 404) trouble(error);
  }
}

function showList(backups, more) {
  const list = byId('list');
  const rows = backups.map((backup) => {
    const element = rowOf(backup);
    const known = details.get(backup.id);
    fill(element, known?.state === backup.state ? known : backup);
    return element;
  });
  const keepers = new Set(rows);
  for (const child of [...list.children]) if (!keepers.has(child)) child.remove();
  rows.forEach((row, at) => {
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  });
  for (const [id, element] of opened) {
    if (keepers.has(element)) continue;
    opened.delete(id);
    details.delete(id);
  }
  byId('none').hidden = backups.length > 0;
  byId('more').hidden = !more || shown >= 1000;
}

function showTiles(backups, more) {
  const whole = backups.find((each) => each.state === 'COMPLETED');
  const at = whole && timeOf(whole);
  const running = backups.filter((each) => each.state === 'IN_PROGRESS').length;
  const failed = backups.filter((each) => each.state === 'FAILED' || each.state === 'INCOMPLETE').length;
  const newest = whole === undefined ? 'none' : at ? ago(at) : whole.id;
  const tile = (name, value) => make('div', 'card pad', make('span', 'soft', name), make('b', '', value));
  const among = more ? ' of the newest ' + backups.length : '';
  byId('tiles').replaceChildren(
    tile('newest completed', newest),
    tile('in progress', String(running)),
    tile('failed or incomplete', failed + among),
  );
}

const GAPS = {
  reach: 'the later backup begins with a snapshot that is newer than the earlier backup',
  unrecorded: 'the later backup does not tell which points its log has',
  history: 'the later backup does not follow the earlier one: the cluster was restored in between',
};

function showRanges({ ranges = [], gaps = [] }) {
  byId('ranges').hidden = false;
  const ms = (point) => Date.parse(point.timestamp) || 0;
  const bar = make('div', 'line');
  bar.setAttribute('aria-hidden', 'true');
  const part = (className, from, to) => {
    const piece = make('i', className);
    piece.style.flexGrow = String(Math.max(ms(to) - ms(from), 1));
    bar.append(piece);
  };
  const items = [];
  ranges.forEach((range, at) => {
    const gap = at > 0 ? gaps[at - 1] : undefined;
    if (gap) {
      part('gap', gap.after, gap.before);
      const reason = GAPS[gap.reason] ?? gap.reason;
      items.push(make('li', 'soft', 'gap: ' + reason + ' (partition ' + gap.partitions.join(', ') + ')'));
    }
    part('', range.from, range.to);
    const span = time(new Date(ms(range.from))) + ' to ' + time(new Date(ms(range.to)));
    const points = ', ' + range.points + (Number(range.points) === 1 ? ' point' : ' points');
    items.push(make('li', '', span, make('span', 'soft', points)));
  });
  if (items.length === 0) items.push(make('li', 'soft', 'nothing yet: no backup is completed'));
  byId('ranges').lastElementChild.replaceChildren(bar, make('ul', '', ...items));
}

// Reads the manifests of all backups on the other side: asked for only when another backup has come or gone.
async function lookAtRanges(backups) {
  const key = backups.filter((each) => each.state === 'COMPLETED').map((each) => each.id).join();
  if (key === rangesFor) return;
  try {
    const { body } = await ask('ranges');
    if (!Array.isArray(body.ranges)) throw Object.assign(new Error('no ranges'), { status: 404 });
    showRanges(body);
    rangesFor = key;
  } catch (error) {
    if (error.status !== 400 && error.status !== 404) throw error;
    byId('ranges').hidden = true;
    rangesFor = key;
  }
}

function trouble(error) {
  if (error.status === 401) {
    byId('refused').hidden = token === '';
    keep('');
    const box = byId('token');
    if (box.hidden) { box.hidden = false; byId('secret').focus(); }
    say('a token is needed');
    return;
  }
  const silence = 'No answer: ' + error.message + '. What is shown may be old.';
  byId('trouble').textContent = error.status === undefined ? silence : error.message;
  byId('trouble').hidden = false;
}

function say(text) { byId('updated').textContent = text; }

async function refresh() {
  clearTimeout(timer);
  const mine = ++turn;
  let pause = 15000;
  try {
    const { body, more } = await ask('../backups?limit=' + shown);
    if (mine !== turn) return;
    const backups = body.map(backupOf);
    byId('token').hidden = true;
    byId('trouble').hidden = true;
    showTiles(backups, more);
    showList(backups, more);
    if (backups.some((each) => each.state === 'IN_PROGRESS')) pause = 3000;
    const changing = backups.filter((each) => each.state !== 'COMPLETED' && opened.get(each.id)?.open);
    for (const each of changing.slice(0, 5)) await look(each.id);
    await lookAtRanges(backups);
    say('updated ' + new Date(Date.now()).toLocaleTimeString());
  } catch (error) {
    trouble(error);
  }
  if (mine === turn && !document.hidden) timer = setTimeout(refresh, pause);
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(timer);
  else void refresh();
});
byId('refresh').addEventListener('click', () => { rangesFor = undefined; void refresh(); });
byId('more').addEventListener('click', () => { shown = Math.min(shown * 3, 1000); void refresh(); });
byId('token').addEventListener('submit', (event) => {
  event.preventDefault();
  keep(byId('secret').value.trim());
  byId('secret').value = '';
  rangesFor = undefined;
  void refresh();
});
void refresh();
`;

/** The whole program, as it stands in the page. */
export const STATUS_PAGE_SCRIPT = `'use strict';
const ADVICE = ${asScript(ADVICE)};
const OTHER_ADVICE = ${asScript(OTHER_ADVICE)};
${PROGRAM}`;
