// Runs one scenario of the official JavaScript SDK against a simulator on 127.0.0.1 and prints what came of it as JSON.
// Usage: node intacct_driver.js <gateway address> <scenario>
// The SDK refuses hosts outside its vendor's domain; its own class is told that 127.0.0.1 ends in a good domain.
require("@intacct/intacct-sdk/dist/Credentials/Endpoint").default.DOMAIN_NAME = "0.0.1";
const IA = require("@intacct/intacct-sdk");
const { Filter, AndOperator } = require("@intacct/intacct-sdk/dist/Functions/Common/NewQuery/QueryFilter");
const { SelectBuilder } = require("@intacct/intacct-sdk/dist/Functions/Common/NewQuery/QuerySelect");
const { OrderBuilder } = require("@intacct/intacct-sdk/dist/Functions/Common/NewQuery/QueryOrderBy");

const [address, scenario] = process.argv.slice(2);

function login(changes) {
  const config = new IA.ClientConfig();
  return Object.assign(config, {
    endpointUrl: address, senderId: "sender", senderPassword: "secret",
    companyId: "demo", userId: "api", userPassword: "secret",
  }, changes);
}

function options(changes) {
  const config = new IA.RequestConfig();
  config.maxRetries = 0;
  return Object.assign(config, changes);
}

async function client(changes) {
  return new IA.OnlineClient(await IA.SessionProvider.factory(login(changes)));
}

function customer(id, name, more) {
  const record = new IA.Functions.AccountsReceivable.CustomerCreate("create-" + id);
  return Object.assign(record, { customerId: id, customerName: name, printAs: name, active: true }, more);
}

function contact(name) {
  const record = new IA.Functions.Company.ContactCreate("contact-" + name);
  return Object.assign(record, { contactName: name, printAs: name });
}

function query(kind, fields, filter) {
  const text = new IA.Functions.Common.NewQuery.Query("query-1");
  text.selectFields = new SelectBuilder().addFields(fields).selects;
  text.fromObject = kind;
  text.orderBy = new OrderBuilder().addAscending(fields[0]).orders;
  text.pageSize = 2;
  if (filter) text.filter = filter;
  return text;
}

const seen = (response) => response.results.map((result) => ({
  status: result.status, functionName: result.functionName, controlId: result.controlId,
  count: result.count, totalCount: result.totalCount, numRemaining: result.numRemaining,
  data: result.data, errors: result.errors,
}));

const one = async (changes) => seen(await (await client()).execute(customer("X", "Acme"), options(changes)));
const batch = async (functions, changes) => seen(await (await client()).executeBatch(functions, options(changes)));

const SCENARIOS = {
  login: async () => {
    const session = await IA.SessionProvider.factory(login());
    return { sessionId: session.sessionId, endpointUrl: session.endpointUrl, entityId: session.entityId };
  },
  entity: async () => (await IA.SessionProvider.factory(login({ entityId: "E100" }))).entityId,
  badUser: () => client({ userPassword: "wrong" }),
  badSender: () => client({ senderPassword: "wrong" }),
  query: async () => {
    const filter = new AndOperator([
      new Filter("NAME").like("Customer%"), new Filter("CUSTOMERID").in(["C-00001", "C-00002", "C-00003"]),
    ]);
    return seen(await (await client()).execute(query("CUSTOMER", ["CUSTOMERID", "DISPLAYCONTACT.EMAIL1"], filter), options()));
  },
  readByQueryAndMore: async () => {
    const online = await client();
    const first = new IA.Functions.Common.ReadByQuery("q");
    Object.assign(first, { objectName: "CUSTOMER", fields: ["NAME"], pageSize: 2 });
    const page = (await online.execute(first, options())).results[0];
    const next = new IA.Functions.Common.ReadMore("m");
    next.resultId = page.resultId;
    return [page, (await online.execute(next, options())).results[0]].map((r) => r.data.map((row) => row.NAME));
  },
  lookup: async () => {
    const look = new IA.Functions.Common.Lookup("l");
    look.objectName = "CUSTOMER";
    return seen(await (await client()).execute(look, options()))[0].data[0].$.Name;
  },
  one, uniqueOne: () => one({ uniqueId: true }),
  batch: () => batch([
    customer("C1", "A & B \u{1F600}", { addressLine1: "1 Road", city: "Reno", country: "United States", primaryEmailAddress: "a@b.test" }),
    contact("Ann"), customer("C2", ""),
  ]),
  transaction: () => batch([contact("Ann"), customer("C2", "")], { transaction: true }),
  aborted: () => batch([contact("Ann"), contact("Bob")], { transaction: true }),
  order: async () => {
    const OE = IA.Functions.OrderEntry;
    const line = Object.assign(new OE.OrderEntryTransactionLineCreate(), {
      itemId: "I1", itemDescription: "Blue", taxable: true, quantity: 2, unit: "Each", discountPercent: 10, price: 10, memo: "m",
    });
    const day = new Date("2026-03-05T00:00:00Z");
    const order = Object.assign(new OE.OrderEntryTransactionCreate("order-1"), {
      transactionDefinition: "Sales Order", transactionDate: day, glPostingDate: day, customerId: "C1", originalDocumentDate: day,
      referenceNumber: "REF", paymentTerm: "Net 30", message: "Hi", externalId: "EXT-1", transactionCurrency: "USD",
      state: "Pending", lines: [line],
    });
    const changed = Object.assign(new OE.OrderEntryTransactionLineUpdate(), { lineNo: 1, itemId: "I1", quantity: 5 });
    const update = Object.assign(new OE.OrderEntryTransactionUpdate("order-2"), {
      externalId: "EXT-1", referenceNumber: "R2", dueDate: day, originalDocumentDate: day, lines: [changed, line],
    });
    const made = (await batch([order]))[0];
    return [made, (await batch([update]))[0]];
  },
  offline: async () => {
    const offline = new IA.OfflineClient(login());
    const answer = await offline.execute(contact("Ann"), options({ policyId: "POLICY" }));
    return { status: answer.status, control: answer.control.status };
  },
};

SCENARIOS[scenario]().then(
  (value) => console.log(JSON.stringify({ value })),
  (error) => console.log(JSON.stringify({ error: error.constructor.name, message: error.message, errors: error.errors })),
);
