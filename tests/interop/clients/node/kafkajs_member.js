// kafkajs as a member of a group. Arguments: member ADDRESS TOPIC GROUP.
const { Kafka, logLevel } = require("kafkajs");

async function main(address, topic, groupId) {
  const kafka = new Kafka({ clientId: "kafkajs", brokers: [address], logLevel: logLevel.ERROR });
  const consumer = kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 1000 });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    console.log("owns", (payload.memberAssignment[topic] || []).join(" "));
  });
  process.on("SIGTERM", async () => {
    await consumer.disconnect();
    process.exit(0);
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommitInterval: 500,
    eachMessage: async ({ partition, message }) => {
      console.log(`read ${partition} ${message.offset}`);
    },
  });
}

main(...process.argv.slice(3)).catch((error) => {
  console.error(error);
  process.exit(1);
});
