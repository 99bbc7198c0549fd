import { frame } from './raw-socket.js';

/** Engine.IO payloads that no client sends: broken packets, reserved events, attachments that never come, nesting without end. */
export const packets: readonly string[] = [
  '',
  'x',
  '9',
  '0{}',
  '1',
  '2probe',
  '3probe',
  '5',
  '6',
  'b',
  'b////',
  'b!',
  '\u001e\u001e\u001e',
  `4\u001e${'4\u001e'.repeat(100)}`,
  '4',
  '4x',
  '49',
  '42',
  '42[',
  '42{}',
  '42[]',
  '42[null]',
  '42[{}]',
  '42[[]]',
  '42[5]',
  '42["subscribe"',
  '42"subscribe"',
  '42["subscribe",]',
  ...['error', 'connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener', '__proto__'].map(
    (name) => `42["${name}",{}]`,
  ),
  '42-1["heartbeat",{}]',
  '421e9["heartbeat",{}]',
  `42${'9'.repeat(400)}["heartbeat",{}]`,
  '42/other,["heartbeat",{}]',
  '42/,["heartbeat",{}]',
  '43[]',
  '431["x"]',
  '43999["x"]',
  '44{}',
  '44["x"]',
  '40{}',
  '40',
  '40/admin,{"token":1}',
  '40[1]',
  '41',
  '41{}',
  '451-["subscribe",{"_placeholder":true,"num":0}]',
  '45["x"]',
  '45-1-["x"]',
  '45999999999-["x"]',
  '452-["x",{"_placeholder":true,"num":99}]bAAAA',
  '451-["x",{"_placeholder":true,"num":-1}]\u001ebAAAA',
  '451-["x",{"_placeholder":true,"num":"__proto__"}]\u001ebAAAA',
  '461-["x"]',
  `42["subscribe",${'['.repeat(20_000)}${']'.repeat(20_000)}]`,
  `42["subscribe",${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}]`,
  `42["x","${'\\u0000'.repeat(5_000)}"]`,
];

/** Websocket frames against RFC 6455, or against what was announced. */
export const frames: readonly Buffer[][] = [
  [Buffer.from([0x81, 0x05, 0x68, 0x65, 0x6c, 0x6c, 0x6f])], // not masked
  [frame('x', 0x83)], // an opcode that there is not
  [frame('x', 0xf1)], // reserved bits
  [frame('x', 0x80)], // goes on with nothing
  [Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])], // 2^64 bytes announced
  [frame(Buffer.from([0x34, 0x32, 0xff, 0xfe, 0xfd]))], // not UTF-8
  [frame(Buffer.alloc(65_000, 0x78))],
  [frame(Buffer.alloc(40_000, 0x78), 0x01), frame(Buffer.alloc(40_000, 0x78), 0x80)], // too much, in parts
  [frame('x'.repeat(200), 0x89)], // a ping that is too long
  [frame(Buffer.from([0x03, 0xe7]), 0x88)], // a close code that is not allowed
  [frame('42["heartbeat",{}'), frame('451-["x",{"_placeholder":true,"num":0}]'), frame('42["x"]')],
  [frame(Buffer.from('bytes'), 0x82), frame(Buffer.from('bytes'), 0x82)], // bytes that nothing announced
];
