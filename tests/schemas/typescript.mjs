// Reads JSON Schemas by title from its input, and prints TypeScript types of all of them.
//
// Started by tests/schemas/published.py with the packages of package-lock.json.

import { compile } from 'json-schema-to-typescript'

// Texts of which JSON Schema can only give a pattern, and TypeScript more.
const TEXTS = [[/^\^\(\?:KEYPRESS_/, '`KEYPRESS_${string}` | `SCROLL_${string}`']]

function prepared(schema) {
  if (Array.isArray(schema)) return schema.map(prepared)
  if (schema === null || typeof schema !== 'object') return schema
  const text = TEXTS.find(([pattern]) => typeof schema.pattern === 'string' && pattern.test(schema.pattern))
  if (text) return { tsType: text[1] }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, part(key, value)]))
}

function part(key, value) {
  if (key === 'properties') {
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, isAnything(field) ? { tsType: 'unknown' } : prepared(field)])
    )
  }
  // `Node` and `Step` alone would hide types that every browser has.
  if (key === '$defs') {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, { title: NAMES[name] ?? name, ...prepared(one) }])
    )
  }
  return prepared(value)
}

const isAnything = (field) => Object.keys(field).every((key) => key === 'default')

const NAMES = Object.fromEntries(
  ['Meta', 'Trigger', 'Position', 'Node', 'Edge', 'Clarification', 'Public', 'Skill', 'Step', 'Private'].map((name) => [
    name,
    `Sop${name}`,
  ])
)

let input = ''
for await (const some of process.stdin) input += some
const style = { printWidth: 120, semi: false, singleQuote: true }
for (const [title, schema] of Object.entries(JSON.parse(input))) {
  const options = { bannerComment: '', additionalProperties: false, ignoreMinAndMaxItems: true, style }
  process.stdout.write(`\n${await compile(prepared(schema), title, options)}`)
}
