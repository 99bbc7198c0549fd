import type { Attempt } from './attempt.js';

const boundary = 'a-boundary';
const multipart = `multipart/form-data; boundary=${boundary}`;
/** The head of a PNG of one pixel: as much as is looked at. */
const picture = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d4948445200000001000000010806000000', 'hex'), Buffer.alloc(16)]);

const part = (name: string, bytes: Buffer | string, filename?: string): Buffer => {
  const named = filename === undefined ? '' : `; filename="${filename}"`;
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${named}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(bytes), Buffer.from('\r\n')]);
};
const form = (...parts: Buffer[]): Buffer => Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);

export const imageForm = { type: multipart, body: form(part('file', picture, 'logo.png')) };

const attempt = (name: string, body: Buffer | string, status = 400, type = multipart): Attempt => ({
  name: `a form: ${name}`,
  body,
  headers: { 'content-type': type },
  statuses: [status],
});

/** What is wrong with forms that should hold an image. */
export const formAttempts: readonly Attempt[] = [
  attempt('none', '{"file":"x"}', 415, 'application/json'),
  attempt('no boundary', imageForm.body, 400, 'multipart/form-data'),
  attempt('another boundary', imageForm.body, 400, 'multipart/form-data; boundary=other'),
  attempt('nothing in it', form()),
  attempt('an empty file', form(part('file', '', 'logo.png'))),
  attempt('a field and no file', form(part('file', 'x'))),
  attempt('a field beside the file', form(part('owner', 'x'), part('file', picture, 'logo.png'))),
  attempt('a file of another name', form(part('$where', picture, 'logo.png'))),
  attempt('two files', form(part('file', picture, 'a.png'), part('file', picture, 'b.png'))),
  attempt('cut off', imageForm.body.subarray(0, -12)),
  attempt('an SVG', form(part('file', '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', 'logo.png')), 415),
  attempt('a page', form(part('file', '<html><script>1</script></html>', 'logo.png')), 415),
  attempt('a program', form(part('file', 'MZ\u0000\u0001', '../../logo.png')), 415),
  attempt('too large', form(part('file', Buffer.concat([picture, Buffer.alloc(5 * 1024 * 1024)]), 'logo.png')), 413),
  attempt('much too large', Buffer.alloc(6 * 1024 * 1024), 413),
];
