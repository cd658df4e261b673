// Numbers, plurals and times, as people read them.

const LOCALE = "en";
const whole = new Intl.NumberFormat(LOCALE);
const tenths = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const difference = new Intl.NumberFormat(LOCALE, { signDisplay: "exceptZero" });
const share = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 });
const plural = new Intl.PluralRules(LOCALE);
const list = new Intl.ListFormat(LOCALE, { type: "conjunction" });
const clock = new Intl.DateTimeFormat(LOCALE, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
  timeZone: "UTC",
});
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });

export const number = (value: number): string => whole.format(value);

/** `part` of `all` in percent; never rounds up to 100 % what is not all. */
export function percent(part: number, all: number): string {
  if (all === 0) return share.format(1);
  const exact = part / all;
  return share.format(part < all ? Math.min(exact, 0.999) : exact);
}

/** "1 tool call", "1,204 tool calls". */
export function count(value: number, one: string, other = `${one}s`): string {
  return `${number(value)} ${plural.select(value) === "one" ? one : other}`;
}

/** "0.4 ms", "12 ms", "1,204 ms". */
export function duration(micros: number): string {
  const ms = micros / 1000;
  return `${ms < 10 ? tenths.format(ms) : whole.format(Math.round(ms))} ms`;
}

/** "+2", "−3". */
export const signed = (value: number): string => difference.format(value).replace("-", "−");

export const enumerate = (parts: readonly string[]): string => list.format(parts);

/** The time of day of an RFC 3339 instant, in UTC; nothing if it is none. */
export function timeOfDay(at: string | null): string {
  const instant = at === null ? Number.NaN : Date.parse(at);
  return Number.isNaN(instant) ? "" : clock.format(instant);
}

/** The whole instant, for titles. */
export function instant(at: string | null): string {
  const when = at === null ? Number.NaN : Date.parse(at);
  return Number.isNaN(when) ? "" : `${day.format(when)}, ${clock.format(when)} UTC`;
}

/** The last part of a path. */
export const baseName = (path: string): string => path.split(/[/\\]/).findLast(Boolean) ?? path;

/** The id of an entity that is written in full. */
export const shortId = (uid: string): string => /"((?:[^"\\]|\\.)*)"$/.exec(uid)?.[1] ?? uid;
