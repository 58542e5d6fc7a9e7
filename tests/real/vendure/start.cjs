// A real Vendure server for tests/real: on loopback, its database in memory, with a till that takes any payment.
// SQLite comes as WebAssembly (sql.js, as in Vendure's own end-to-end tests), so that nothing has to be compiled.
const { createHash } = require("node:crypto");
const { createRequire } = require("node:module");

const load = createRequire(`${process.env.VENDURE_MODULES}/`);
const { bootstrap, DefaultLogger, LanguageCode, LogLevel, PaymentMethodHandler, RandomBytesApiKeyStrategy } =
  load("@vendure/core");

const till = new PaymentMethodHandler({
  code: "till",
  description: [{ languageCode: LanguageCode.en, value: "Takes what the shopper says: Authorized, Settled or Declined" }],
  args: {},
  createPayment: (_ctx, order, amount, _args, metadata) => ({
    amount, state: metadata.state, transactionId: order.code, metadata: {},
  }),
  settlePayment: () => ({ success: true }),
  createRefund: (_ctx, _input, _amount, order) => ({ state: "Settled", transactionId: `refund of ${order.code}` }),
});

// Vendure hashes a key anew with every call and asks for a fast hash; bcrypt, its own choice, takes 0.2 s a call.
const quickly = {
  hash: async (plain) => createHash("sha256").update(plain).digest("hex"),
  check: async (plain, hash) => createHash("sha256").update(plain).digest("hex") === hash,
};

bootstrap({
  apiOptions: { hostname: "127.0.0.1", port: Number(process.env.PORT) },
  authOptions: {
    tokenMethod: ["bearer", "api-key"],
    adminApiKeyStrategy: new RandomBytesApiKeyStrategy({ hashingStrategy: quickly }),
    superadminCredentials: { identifier: "root", password: process.env.VENDURE_PASSWORD },
    requireVerification: false,
  },
  dbConnectionOptions: { type: "sqljs", driver: load("sql.js"), synchronize: true },
  paymentOptions: { paymentMethodHandlers: [till] },
  logger: new DefaultLogger({ level: LogLevel.Warn }),
}).then(() => console.log("ready"));
