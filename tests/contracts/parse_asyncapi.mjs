// Checks an AsyncAPI document with the official parser; prints what is wrong and exits 1.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const file = process.argv[2];
const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"));
const faults = diagnostics.filter((one) => one.severity === 0);
for (const one of faults) console.error(`${file}: ${one.path.join(".")}: ${one.message}`);
if (!document || faults.length > 0) process.exit(1);
console.log(`${file}: ${document.allMessages().length} messages on ${document.allChannels().length} channels, valid`);
