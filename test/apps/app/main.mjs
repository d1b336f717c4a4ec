// An application: its arguments are the kind and the options of a device, and it prints what came of it.
import * as blindsight from "blindsight";
import { product } from "./product.mjs";

const [kind, options] = process.argv.slice(2);
const named = Object.entries(blindsight).filter(([name]) => name.endsWith("Error"));
const errors = Object.fromEntries(named.map(([name, Class]) => [name, `${new Class("message", "fix")}`]));
console.log(JSON.stringify({ errors, ...(await product(kind, JSON.parse(options ?? "{}"))) }));
