import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import anyAscii from 'any-ascii';
import PDFDocument from 'pdfkit';
import type { InvoiceDocument } from './invoices.model.js';
import { titleOf } from './prices.js';

const require = createRequire(import.meta.url);
const plain = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
const bold = require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf');

/** What the font has signs for and is set from left to right without joining. Everything else is written in Latin letters. */
const unknownSigns = /[^\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\x20-\x7e\u00a0-\u00ff\u2010-\u2026\u20ac\u20b9]/gu;

/** @returns the text as the page can show it, and whether that is another */
function written(text: string): { shown: string; changed: boolean } {
  const whole = text.normalize('NFC').replaceAll(/\s+/g, ' ');
  const shown = whole.replaceAll(unknownSigns, (sign) => anyAscii(sign));
  return { shown, changed: shown !== whole };
}

/** Minor units, with as many digits behind the point as the currency has (ISO 4217). */
function money(amount: number, currency: string): string {
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  const number = new Intl.NumberFormat('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
    amount / 10 ** digits,
  );
  return `${number} ${currency}`;
}

/** One page, A4. It is written while it is read, so that nobody waits for the whole. The same invoice gives the same page. */
export function invoicePdf(invoice: InvoiceDocument): Readable {
  const { number, issuedBy, billedTo, lines, total, currency, plan, from, to, createdAt, timeZone, paymentMethod, transactionId } = invoice;
  const days = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  let isTransliterated = false;
  const say = (text: string): string => {
    const { shown, changed } = written(text);
    isTransliterated ||= changed;
    return shown;
  };
  const title = `Invoice ${number}`;
  const page = new PDFDocument({
    size: 'A4',
    margin: 56,
    info: { Title: title, Creator: 'Tidings', Producer: 'Tidings', CreationDate: createdAt },
  });
  const right = page.page.width - 56;

  page.font(bold).fontSize(20).text(title);
  page.font(plain).fontSize(10).moveDown(0.5);
  page.text(`Issued on ${days.format(createdAt)} for a subscription to the platform`).moveDown(1.5);

  const party = (role: string, words: readonly (string | undefined)[]): void => {
    page.font(bold).text(role).font(plain);
    for (const line of words) if (line) page.text(say(line));
    page.moveDown(1.5);
  };
  if (issuedBy.length > 0) party('From', issuedBy);
  party('Billed to', [billedTo.name, billedTo.ownerName, billedTo.email, billedTo.address]);

  page.text(`Plan: ${titleOf[plan]}`);
  page.text(`Period: ${days.format(from)} up to ${days.format(to)} (${timeZone})`).moveDown(1.5);

  const row = (text: string, amount: string): void => {
    const top = page.y;
    page.text(text, 56, top, { width: right - 56 - 160 });
    const below = page.y;
    page.text(amount, right - 140, top, { width: 140, align: 'right' });
    page.y = Math.max(page.y, below);
    page.moveDown(0.4);
  };
  const rule = (): void => void page.moveTo(56, page.y).lineTo(right, page.y).lineWidth(0.5).stroke().moveDown(0.4);
  rule();
  for (const { description, amount } of lines) row(say(description), money(amount, currency));
  rule();
  page.font(bold);
  row('Total', money(total, currency));
  page.font(plain).moveDown(1);
  page.text('No tax is charged.', 56);
  page.text(`Paid by ${paymentMethod} as ${transactionId}.`);
  if (isTransliterated)
    page.moveDown(1).fontSize(8).text('Words in letters that this page has no signs for are written here in Latin letters.');
  page.end();
  // It is a stream of Node; its types say no more than that it can be piped.
  return page as unknown as Readable;
}
