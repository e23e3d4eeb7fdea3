// kafkajs as a producer among the clients. Arguments: produce ADDRESS TOPIC PARTITIONS CODEC ACKS FILE.
// Line n goes to partition n modulo their number, its first word is its key.
const fs = require("fs");
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = require("kafkajs");

// Beside gzip it has no codec of its own. Those of LZ4 and zstd have to be built, or write frames of
// dependent blocks, which Kafka refuses.
CompressionCodecs[CompressionTypes.Snappy] = require("kafkajs-snappy");
const CODECS = { none: "None", gzip: "GZIP", snappy: "Snappy" };
// What one `send` takes goes out as one batch per partition.
const CHUNK = 2000;

function messages(path, partitions) {
  const lines = fs.readFileSync(path, "latin1").split("\n");
  lines.pop();
  return lines.map((line, number) => ({
    partition: number % partitions,
    key: Buffer.from(line.split(" ", 1)[0], "latin1"),
    value: Buffer.from(line, "latin1"),
  }));
}

async function produce(address, topic, partitions, codec, acks, path) {
  const kafka = new Kafka({ clientId: "kafkajs", brokers: [address], logLevel: logLevel.ERROR });
  const producer = kafka.producer();
  await producer.connect();
  const all = messages(path, Number(partitions));
  for (let begin = 0; begin < all.length; begin += CHUNK) {
    await producer.send({
      topic,
      acks: acks === "all" ? -1 : Number(acks),
      compression: CompressionTypes[CODECS[codec]],
      messages: all.slice(begin, begin + CHUNK),
    });
  }
  await producer.disconnect();
}

produce(...process.argv.slice(3)).catch((error) => {
  console.error(error);
  process.exit(1);
});
