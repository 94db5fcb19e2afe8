// Numbers, durations and times as people read them.

const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 1234567 → "1.23 M" */
export function count(n) {
  if (n === undefined || n === null || Number.isNaN(n)) return '–';
  const size = Math.abs(n);
  if (size >= 1e12) return digits.format(n / 1e12) + ' T';
  if (size >= 1e9) return digits.format(n / 1e9) + ' G';
  if (size >= 1e6) return digits.format(n / 1e6) + ' M';
  if (size >= 1e4) return digits.format(n / 1e3) + ' k';
  return size >= 100 || Number.isInteger(n) ? whole.format(n) : digits.format(n);
}

/** "1,234,567": all digits, for titles. */
export const exact = n => whole.format(n);

/** Per second; null: not known yet. */
export const rate = n => (n === null || n === undefined ? '–' : `${count(n)}/s`);

export function bytes(n) {
  if (n === undefined || n === null) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (Math.abs(n) >= 1024 && unit < units.length - 1) n /= 1024, ++unit;
  return `${unit === 0 ? whole.format(n) : digits.format(n)} ${units[unit]}`;
}

/** Nanoseconds (a number or a string of digits) → "1.23 ms" */
export function duration(nanoseconds) {
  const n = Number(nanoseconds);
  if (!Number.isFinite(n)) return '–';
  const size = Math.abs(n);
  if (size < 1e3) return `${whole.format(n)} ns`;
  if (size < 1e6) return `${digits.format(n / 1e3)} µs`;
  if (size < 1e9) return `${digits.format(n / 1e6)} ms`;
  if (size < 120e9) return `${digits.format(n / 1e9)} s`;
  if (size < 7200e9) return `${whole.format(n / 60e9)} min`;
  if (size < 172800e9) return `${digits.format(n / 3600e9)} h`;
  return `${whole.format(n / 86400e9)} days`;
}

const pad = (n, width = 2) => String(n).padStart(width, '0');

/** Milliseconds → "21:04:05.123", local time. */
export function clock(ms) {
  const t = new Date(Number(ms));
  return `${pad(t.getHours())}:${pad(t.getMinutes())}:${pad(t.getSeconds())}.${pad(t.getMilliseconds(), 3)}`;
}

/** Milliseconds → "2026-03-01 21:04:05", local time. */
export function dateTime(ms) {
  const t = new Date(Number(ms));
  if (Number.isNaN(t.getTime())) return '–';
  return `${t.getFullYear()}-${pad(t.getMonth() + 1)}-${pad(t.getDate())} ${clock(ms).slice(0, 8)}`;
}

/** How long ago, in the collector's own time: a clock of the browser that is off must not matter. */
export function ago(ms, now) {
  const gone = now - ms;
  if (!Number.isFinite(gone)) return '–';
  if (gone < 2000) return 'just now';
  return `${duration(gone * 1e6)} ago`;
}

/** How long something has lasted, in whole seconds: "29 s". */
export const lasting = (since_ms, now) => duration(Math.max(1, Math.round((now - since_ms) / 1000)) * 1e9);

/** Nanoseconds as text → milliseconds; whole nanoseconds do not fit into a number. */
export const msOf = nanoseconds => Number(BigInt(nanoseconds) / 1000000n);

/** Shortens in the middle: the ends of names tell more. */
export function shorten(text, longest) {
  if (text.length <= longest) return text;
  const head = Math.ceil((longest - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (longest - 1 - head))}`;
}

/** Without its line breaks, and not for ever. */
export const oneLine = (text, longest = 240) => shorten(String(text).replace(/\s+/g, ' '), longest);
