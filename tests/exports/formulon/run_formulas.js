// Evaluate formula fields with formulon: {fields, types, rows} as JSON on standard input, the fields of each
// row on standard output. The only argument is the folder of formulon.
"use strict";

const { parse } = require(process.argv[2]);
const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
const STRING = /"(?:\\.|[^"\\])*"|[A-Za-z]\w*__c/g;
const ESCAPES = { n: "\n", r: "\r", t: "\t" };

const text = (value) => ({ type: "literal", dataType: "text", value, options: { length: 4000 } });
const blank = () => ({ type: "literal", dataType: "null", value: null, options: {} });

function literal(value, type) {
  // In formulon TEXT of no value is the text NULL, in Salesforce it is empty, as that of an empty value is here.
  if (type === "picklist") return { type: "literal", dataType: "picklist", value: value ?? "", options: { values: [value ?? ""] } };
  if (value === null) return blank();
  if (typeof value === "string") return text(value);
  return { type: "literal", dataType: "number", value, options: { length: 18, scale: 12 } };
}

// Formulon has no escapes in texts, and no quotes in quotes: such texts become fields of their own.
function prepare({ name, formula }) {
  const texts = {};
  const mentioned = new Set();
  const plain = formula.replace(STRING, (token) => {
    if (!token.startsWith('"')) {
      mentioned.add(token);
      return token;
    }
    const value = token.slice(1, -1).replace(/\\(.)/g, (_, letter) => ESCAPES[letter] ?? letter);
    if (!/["'\\\n\r\t]/.test(value)) return token;
    const stand = `Text_${Object.keys(texts).length}__t`;
    texts[stand] = text(value);
    return stand;
  });
  return { name, plain, texts, mentioned: [...mentioned], known: new Map() };
}

const fields = input.fields.map(prepare);
const results = input.rows.map((row) => {
  const values = { ...row };
  for (const { name, plain, texts, mentioned, known } of fields) {
    const key = JSON.stringify(mentioned.map((field) => values[field]));
    if (!known.has(key)) {
      const given = { ...texts };
      for (const field of mentioned) given[field] = literal(values[field], input.types[field]);
      const found = parse(plain, given);
      if (found.type === "error") throw new Error(`${name}: ${found.message}\n${plain}\n${key}`);
      known.set(key, found.dataType === "null" ? null : found.value);
    }
    values[name] = known.get(key);
  }
  return values;
});
process.stdout.write(JSON.stringify(results));
