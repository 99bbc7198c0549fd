import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

interface Answer {
  status: number;
  text: string;
}

/** A bare call: `fetch` would take more of the machine than what it asks for. Status 0: there was no answer. */
export const post = (url: string, body: string, headers: Record<string, string>): Promise<Answer> =>
  call('POST', url, { ...headers, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }, body);

export const get = (url: string, headers: Record<string, string>): Promise<Answer> => call('GET', url, headers);

function call(method: string, url: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  return new Promise((resolve) => {
    const asked = request(url, { method, agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on('error', () => resolve({ status: 0, text: '' }));
    asked.end(body);
  });
}
