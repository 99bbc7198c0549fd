// Prints the path of a mongod downloaded into the folder that is the only argument. See mongod.mjs.
import { MongoBinary } from 'mongodb-memory-server-core';

const downloadDir = process.argv[2];
if (!downloadDir) throw new Error('Name the folder to download into');
process.env['MONGOMS_PREFER_GLOBAL_PATH'] = 'false';
process.stdout.write(`\n${await MongoBinary.getPath({ downloadDir })}\n`);
