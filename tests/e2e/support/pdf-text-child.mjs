import { buffer } from 'node:stream/consumers';
import { extractText } from 'unpdf';

// A process of its own, because the library imports pdf.js in a way that Jest's modules do not have.
const { text } = await extractText(new Uint8Array(await buffer(process.stdin)), { mergePages: true });
process.stdout.write(text);
