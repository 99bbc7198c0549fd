const formats = new Map<string, { format: Intl.NumberFormat; unit: number }>();

/** Minor units as people write them, with as many decimals as the currency has (ISO 4217): 25000 INR is ₹250.00, 500 JPY is ¥500. */
export function money(amount: number, currency: string): string {
  let known = formats.get(currency);
  if (!known) {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency });
    known = { format, unit: 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2) };
    formats.set(currency, known);
  }
  return known.format.format(amount / known.unit);
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `1 point`, `1,200 points`. */
export function count(amount: number, noun: string): string {
  return `${whole.format(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

/** A reason as words: codes such as `card_declined` lose their joints, sentences stay and lose their full stop. */
export function reasonWords(reason: string): string {
  const isCode = /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/.test(reason);
  return isCode ? reason.replace(/[-_.]/g, ' ') : reason.replace(/\.$/, '');
}

/** The beginning of a longer text, cut between words where there is one. */
export function excerpt(text: string, max = 140): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= max) return line;
  const cut = line.slice(0, max);
  const space = cut.lastIndexOf(' ');
  return `${cut.slice(0, space > max / 2 ? space : max)}…`;
}

/** `2026-11-21, 14:30 UTC` */
export function moment(time: string): string {
  return `${time.slice(0, 10)}, ${time.slice(11, 16)} UTC`;
}
