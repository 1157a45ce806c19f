// Shows /openapi.json and lets each operation be tried. Everything comes from this gateway; all text goes in as text.
"use strict";

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  Object.assign(element, attributes);
  element.append(...children);
  return element;
};

const key = () => document.getElementById("key").value;
const authorised = () => (key() ? { authorization: `Bearer ${key()}` } : {});

// What a reference stands for; the document has no others than its own.
const resolve = (api, value) =>
  value && value.$ref ? value.$ref.slice(2).split("/").reduce((part, name) => part[name], api) : value;

// A body that fits a schema, for operations without an example.
const sample = (api, schema, depth = 0) => {
  schema = resolve(api, schema) || {};
  if (depth > 6) return null;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return sample(api, schema.anyOf[0], depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "object":
      return Object.fromEntries(
        (schema.required || []).map((name) => [name, sample(api, (schema.properties || {})[name], depth + 1)]));
    case "array": return Array.from({ length: schema.minItems ?? 1 }, () => sample(api, schema.items, depth + 1));
    case "integer": case "number": return Math.max(0, schema.minimum ?? 0);
    case "boolean": return false;
    case "string": return "text";
    default: return null;
  }
};

const operationView = (api, path, method, operation) => {
  const parameters = (operation.parameters || []).map((parameter) => resolve(api, parameter));
  const inputs = parameters.map((parameter) => {
    const input = make("input", { name: parameter.name, required: !!parameter.required });
    return { parameter, input, view: make("label", {}, `${parameter.name} (${parameter.in}) `, input) };
  });
  const contents = (operation.requestBody && operation.requestBody.content) || {};
  const json = contents["application/json"];
  const body = json && make("textarea", {
    spellcheck: false,
    value: JSON.stringify(json.example ?? sample(api, json.schema) ?? {}, null, 1),
  });
  const answer = make("pre", { hidden: true });
  const button = make("button", { type: "button" }, "Try it now");
  button.onclick = async () => {
    let target = path;
    const query = new URLSearchParams();
    for (const { parameter, input } of inputs) {
      if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (parameter.in === "query" && input.value) query.set(parameter.name, input.value);
    }
    if ([...query].length) target += `?${query}`;
    const headers = authorised();
    if (body) headers["content-type"] = "application/json";
    answer.hidden = false;
    answer.className = "";
    answer.textContent = "…";
    const began = performance.now();
    try {
      const response = await fetch(target, { method: method.toUpperCase(), headers, body: body ? body.value : undefined });
      let text = await response.text();
      try { text = JSON.stringify(JSON.parse(text), null, 1); } catch { /* it is no JSON */ }
      answer.className = response.ok ? "" : "failed";
      answer.textContent = `${response.status} after ${(performance.now() - began).toFixed(1)} ms\n\n${text}`;
    } catch (error) {
      answer.className = "failed";
      answer.textContent = String(error);
    }
  };
  const schemas = [];
  for (const [media, content] of Object.entries(contents)) {
    if (content.schema) schemas.push(`${media}\n${JSON.stringify(resolve(api, content.schema), null, 1)}`);
  }
  return make("details", {},
    make("summary", {}, make("span", { className: "method" }, method), make("code", {}, path), ` ${operation.summary || ""}`),
    make("div", { className: "fields" }, ...inputs.map(({ view }) => view)),
    ...(body ? [body] : []),
    make("p", {}, button), answer,
    ...(schemas.length ? [make("details", {}, make("summary", {}, "What it takes"), make("pre", {}, schemas.join("\n\n")))] : []));
};

const show = async () => {
  const main = document.getElementById("operations");
  const response = await fetch("/openapi.json", { headers: authorised() });
  if (!response.ok) {
    main.replaceChildren(make("p", { className: "failed" },
      response.status === 401 ? "This gateway asks for a key: enter it above." : `openapi.json: ${response.status}`));
    return;
  }
  const api = await response.json();
  const groups = new Map();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = (operation.tags || ["Other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operationView(api, path, method, operation));
    }
  }
  main.replaceChildren(make("p", {}, `${api.info.title} ${api.info.version}`),
    ...[...groups].flatMap(([tag, views]) => [make("h2", {}, tag), ...views]));
};

document.getElementById("key").addEventListener("change", show);
show();
