// The peer: the routes of the benchmarks as a user would write them in Node.js. One
// process; it checks nothing, and waits for no disk.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import express from 'express';
import { MongoClient, ObjectId } from 'mongodb';

const folder = path.resolve(process.env.UPLOADS_DIRECTORY);
const client = new MongoClient(process.env.MONGODB_URL, { writeConcern: { w: 1 } });
const database = client.db(process.env.MONGODB_DB);
const app = express();
const collection = '/collections/:name';
const image = `${collection}/images/:id`;

const images = (req) => database.collection(req.params.name);
const byId = (req) => ({ _id: new ObjectId(req.params.id) });
const found = (req) => images(req).findOne(byId(req));

app.get('/', async (_, res) => {
  await database.command({ ping: 1 });
  res.json({
    application_name: 'Image storage microservice',
    version: '0',
    mongodb: { url: 'mongodb://localhost', db: database.databaseName, connected: true },
    auth: { enabled: false },
  });
});

app.get(image, async (req, res) => {
  res.json(await found(req));
});

app.patch(image, express.json(), async (req, res) => {
  const change = { $set: req.body };
  res.json(
    await images(req).findOneAndUpdate(byId(req), change, { returnDocument: 'after' }),
  );
});

app.get(`${image}/image`, async (req, res) => {
  const document = await found(req);
  res.type(document._file.type).set('ETag', `"${document._file.sha256}"`);
  res.sendFile(req.params.id, { root: folder });
});

app.get(`${collection}/images`, async (req, res) => {
  const { ai_prediction, skip = 0, limit = 0 } = req.query;
  const listed = images(req).find(ai_prediction ? { ai_prediction } : {}, {
    sort: { time: -1, _id: -1 },
    skip: Number(skip),
    limit: Number(limit),
  });
  res.json(await listed.toArray());
});

app.post(`${collection}/images`, async (req, res) => {
  const document = { _id: new ObjectId(), time: new Date() };
  const form = busboy({ headers: req.headers });
  let writing;
  form.on('field', (name, value) => {
    document[name] = value;
  });
  form.on('file', (_, content, { filename, mimeType }) => {
    const hash = createHash('sha256');
    let size = 0;
    content.on('data', (chunk) => {
      hash.update(chunk);
      size += chunk.length;
    });
    const file = createWriteStream(path.join(folder, String(document._id)));
    writing = pipeline(content, file).then(() => {
      document.image = filename;
      document._file = { size, type: mimeType, sha256: hash.digest('hex') };
    });
  });
  await pipeline(req, form);
  await writing;
  await images(req).insertOne(document);
  res.json(document);
});

app.delete(collection, async (req, res) => {
  for await (const { _id } of images(req).find({}, { projection: { _id: 1 } })) {
    await unlink(path.join(folder, String(_id)));
  }
  await images(req).drop();
  res.json({});
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`The peer listens on port ${server.address().port}`);
});
process.on('SIGTERM', () => process.exit());
