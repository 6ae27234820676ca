// What an app does with the types: it compiles, and each line below `@ts-expect-error` would not without that line.
import type { Evidence, Sop, SopNode, Transcript } from './runops'

export function questions(sop: Sop): string[] {
  return (sop.public.clarification_requests ?? []).map(({ question, importance }) => `${importance}: ${question}`)
}

export function children(node: SopNode): string[] {
  return node.type === 'loop' ? node.children : []
}

export function spoken(transcript: Transcript): string {
  return transcript
    .flatMap((item) => ('verbatim_transcript_segment' in item ? [item.verbatim_transcript_segment] : []))
    .join(' ')
}

export function secondsOf(evidence: Evidence, node: SopNode): (string | null | undefined)[] {
  return (evidence.nodes[node.id] ?? []).map(({ start }) => start)
}

export const task: SopNode = { id: 'a', type: 'task', label: 'Open the invoice' }

// @ts-expect-error A task has no children.
export const wrong: SopNode = { id: 'a', type: 'task', label: 'Open the invoice', children: ['b'] }

// @ts-expect-error A loop says when it ends.
export const endless: SopNode = { id: 'a', type: 'loop', label: 'All', iterator: 'invoice', children: [], isBranchRoot: true }

// @ts-expect-error There is no such action.
export const action: Transcript[number]['action_type_observed' & keyof Transcript[number]] = 'STARE'

export const unknownKey: Sop['meta'] = {
  id: '5f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11',
  title: 'Book an invoice',
  version: '1.0.0',
  goal: '',
  purpose: '',
  owner: [],
  // @ts-expect-error Unknown keys are invalid.
  colour: 'red',
}
