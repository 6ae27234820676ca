// Made by `make schemas` from the models in runops/: transcript.py, sop.py, evidence.py.

/**
 * `transcripts.transcript`: what was seen and heard, ordered by its start.
 *
 * @maxItems 100000
 */
export type Transcript = (VisualItem | AudioItem)[]

/**
 * Something seen.
 */
export interface VisualItem {
  timestamp_start_visual: string
  timestamp_end_visual?: string | null
  application_in_focus: string
  action_type_observed:
    | (
        | 'CLICK'
        | 'TYPE'
        | 'PASTE'
        | 'MOUSE_MOVE_TO_REGION'
        | 'DRAG_START'
        | 'DRAG_END'
        | 'SELECT_TEXT'
        | 'HIGHLIGHT_TEXT'
        | 'NAVIGATE_URL'
        | 'SWITCH_TAB'
        | 'OPEN_APPLICATION'
        | 'WINDOW_RESIZE'
        | 'MODAL_OPEN'
        | 'MODAL_CLOSE'
        | 'VISUAL_FOCUS_SHIFT'
        | 'SCREEN_UPDATE'
      )
    | `KEYPRESS_${string}`
    | `SCROLL_${string}`
  target_element_details?: TargetElement | null
  data_input_observed?: DataInput | null
  screen_region_description_pre_action: string
  screen_region_description_post_action: string
}
/**
 * The element on the screen that an action went to.
 */
export interface TargetElement {
  element_type_guess: string
  element_visible_text?: string | null
  element_bounding_box_pixels?: unknown
  element_attributes_observed?: unknown
}
/**
 * What was typed, pasted or chosen.
 */
export interface DataInput {
  typed_characters?: string | null
  pasted_text_observed?: string | null
  selected_value_observed?: string | null
}
/**
 * Something said.
 */
export interface AudioItem {
  timestamp_start_audio: string
  timestamp_end_audio: string
  verbatim_transcript_segment: string
}

/**
 * What starts the procedure. `config` belongs to cron, `endpoint` to webhook, `signal` to event.
 */
export type SopTrigger =
  | {
      type: 'manual'
      description: string
      config?: null
      endpoint?: null
      signal?: null
    }
  | {
      type: 'cron'
      description: string
      config: string
      endpoint?: null
      signal?: null
    }
  | {
      type: 'webhook'
      description: string
      config?: null
      endpoint: string
      signal?: null
    }
  | {
      type: 'event'
      description: string
      config?: null
      endpoint?: null
      signal: string
    }
/**
 * One box of the graph; `iterator`, `children`, `exit_condition` and `isBranchRoot` belong to loops.
 */
export type SopNode =
  | {
      id: string
      type: 'loop'
      label: string
      intent?: string | null
      context?: string | null
      position?: SopPosition | null
      iterator: string
      /**
       * @minItems 1
       */
      children: string[]
      exit_condition: string
      isBranchRoot: true
    }
  | {
      id: string
      type: 'task' | 'decision' | 'trigger' | 'end'
      label: string
      intent?: string | null
      context?: string | null
      position?: SopPosition | null
      iterator?: null
      children?: null
      exit_condition?: null
      isBranchRoot?: null
    }

/**
 * `sops.data`: a Standard Operating Procedure. docs/sop.md has the rules of its graph.
 */
export interface Sop {
  meta: SopMeta
  public: SopPublic
  private?: SopPrivate | null
}
/**
 * What the procedure is, and who owns it.
 */
export interface SopMeta {
  id: string
  title: string
  version: string
  goal: string
  purpose: string
  owner: string[]
  created?: string | null
}
/**
 * What everyone may see of the procedure.
 */
export interface SopPublic {
  triggers: SopTrigger[]
  /**
   * @minItems 1
   */
  nodes: SopNode[]
  edges: SopEdge[]
  variables?: {
    [k: string]: string | number | boolean | null
  } | null
  clarification_requests?: SopClarification[] | null
}
/**
 * Where the viewer draws a node, in its own units.
 */
export interface SopPosition {
  x: number
  y: number
}
/**
 * One arrow of the graph.
 */
export interface SopEdge {
  source: string
  target: string
  condition: 'next' | 'yes' | 'no' | 'all_processed'
}
/**
 * A question that the recording left open.
 */
export interface SopClarification {
  id: string
  question: string
  importance: 'high' | 'medium' | 'low'
}
/**
 * What only people who carry out the procedure need.
 */
export interface SopPrivate {
  skills: SopSkill[]
  steps: SopStep[]
  artifacts: unknown[]
}
/**
 * How one application is operated.
 */
export interface SopSkill {
  id: string
  app: string
  method_type: 'ui' | 'api' | 'mcp'
  viewport?: unknown
  variables_in?: unknown
  variables_out?: unknown
  performance_hint?: unknown
}
/**
 * The skill that carries out a node.
 */
export interface SopStep {
  node_id: string
  primary_skill: string
  alt_skills?: string[] | null
}

/**
 * `sops/{job_id}.evidence.json` in storage: what each step of the SOP rests on.
 */
export interface Evidence {
  format: 1
  /**
   * By the id of the SOP's node. A node without evidence has no key, or an empty list.
   */
  nodes: {
    [k: string]: EvidenceItem[]
  }
}
/**
 * One item of the transcript, or an answer that a person gave to a question of an earlier SOP.
 */
export interface EvidenceItem {
  /**
   * `t0001` is the first item of the transcript, `a0001` the first answer.
   */
  id: string
  /**
   * Whether it was said, seen or answered.
   */
  kind: 'audio' | 'visual' | 'answer'
  start?: string | null
  end?: string | null
  /**
   * What was asked. Only an answer has it.
   */
  question?: string | null
}
