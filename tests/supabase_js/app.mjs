// What an app does with Supabase, by the newest supabase-js: it prints one JSON object a line and ends when the job has.
//
// Started by tests/cli/test_cli_with_supabase_js.py with the packages of package-lock.json.

import { readFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

const { SUPABASE_URL, SUPABASE_SECRET_KEY, SUPABASE_PUBLISHABLE_KEY, RECORDING } = process.env
// Each only catches a hang: the machine may be busy.
const DEADLINE_MS = 400_000
const POLL_MS = 250
const PASSWORD = 'correct horse battery'
// The library encodes other letters twice.
const SAVED_AS = 'Invoice 7.mp4'

const say = (what, told = {}) => console.log(JSON.stringify({ what, ...told }))

function client(key) {
  // Node.js before 22 has no WebSocket of its own.
  const auth = { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false }
  return createClient(SUPABASE_URL, key, { auth, realtime: { transport: WebSocket, timeout: DEADLINE_MS } })
}

function must({ data, error }, doing) {
  if (error) throw new Error(`${doing}: ${error.message}`, { cause: error })
  return data
}

const refused = ({ error }) => (error ? (error.statusCode ?? error.code ?? error.message) : null)

async function until(check, doing) {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const found = await check()
    if (found) return found
    if (Date.now() > deadline) throw new Error(`${doing} took too long`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function signedIn(server, email) {
  const made = must(await server.auth.admin.createUser({ email, password: PASSWORD, email_confirm: true }), email)
  const one = client(SUPABASE_PUBLISHABLE_KEY)
  must(await one.auth.signInWithPassword({ email, password: PASSWORD }), `signing in ${email}`)
  const shown = must(await one.auth.getUser(), `reading ${email}`)
  if (shown.user.id !== made.user.id) throw new Error('another user was signed in')
  return { client: one, id: made.user.id }
}

/** Follow a job; `heard` receives each status, and the promise is kept when the database knows of the channel. */
function followed(one, jobId, heard) {
  return new Promise((resolve, reject) => {
    one
      .channel(`job-${jobId}`)
      .on(
        'postgres_changes',
        { event: '*', schema: 'public', table: 'jobs', filter: `job_id=eq.${jobId}` },
        (change) => heard.push(`${change.eventType} ${change.new.status}`)
      )
      .on('system', {}, (told) => {
        if (told.extension !== 'postgres_changes') return
        if (told.status === 'ok') resolve()
        else reject(new Error(told.message))
      })
      .subscribe((status, error) => {
        if (status === 'CHANNEL_ERROR' || status === 'TIMED_OUT') reject(error ?? new Error(status))
      })
  })
}

/** Let two clients talk on a channel: as text and as bytes, which are binary frames both ways. */
async function talked(one, other) {
  const heard = []
  const joined = (client, config) =>
    new Promise((resolve, reject) => {
      const channel = client.channel('talk', { config })
      channel
        .on('broadcast', { event: 'text' }, (told) => heard.push(told.payload))
        .on('broadcast', { event: 'bytes' }, (told) => heard.push([...new Uint8Array(told.payload)]))
        .subscribe((status, error) => {
          if (status === 'SUBSCRIBED') resolve(channel)
          else if (status === 'CHANNEL_ERROR' || status === 'TIMED_OUT') reject(error ?? new Error(status))
        })
    })
  await joined(other, {})
  const channel = await joined(one, { broadcast: { ack: true } })
  const sent = [
    await channel.send({ type: 'broadcast', event: 'text', payload: { said: 'grüezi' } }),
    await channel.send({ type: 'broadcast', event: 'bytes', payload: new Uint8Array([0, 255, 7]).buffer }),
  ]
  await until(() => heard.length === 2, 'a broadcast')
  return { sent, heard }
}

const server = client(SUPABASE_SECRET_KEY)
const anonymous = client(SUPABASE_PUBLISHABLE_KEY)
const owner = await signedIn(server, 'owner@example.com')
const stranger = await signedIn(server, 'stranger@example.com')
const jobId = randomUUID()
const raw = `raw/${jobId}.mp4`
const slim = `slim/${jobId}.mp4`
const videos = server.storage.from('videos')
const recording = new Blob([await readFile(RECORDING)], { type: 'video/mp4' })

// The app's server signs, and the browser uploads without being signed in.
const direct = refused(await anonymous.storage.from('videos').upload(raw, recording))
const permit = must(await videos.createSignedUploadUrl(raw), 'signing the upload')
const uploaded = must(
  await anonymous.storage.from('videos').uploadToSignedUrl(raw, permit.token, recording),
  'uploading'
)
const again = refused(await anonymous.storage.from('videos').uploadToSignedUrl(raw, permit.token, recording))
const kept = must(await videos.info(raw), 'describing the upload')
say('uploaded', {
  direct,
  again,
  fullPath: uploaded.fullPath,
  size: kept.size === recording.size,
  contentType: kept.contentType,
})

const heard = { server: [], owner: [], stranger: [] }
await followed(server, jobId, heard.server)
await followed(owner.client, jobId, heard.owner)
await followed(stranger.client, jobId, heard.stranger)
say('talked', await talked(owner.client, stranger.client))

const row = must(
  await server.from('jobs').insert({ job_id: jobId, metadata: { user_id: owner.id } }).select().single(),
  'queueing'
)
say('queued', { jobId, ownerId: owner.id, status: row.status })

const polled = new Set()
const ended = await until(async () => {
  const now = must(
    await server.from('jobs').select('status, progress_stage, progress_percent, error').eq('job_id', jobId).single(),
    'polling'
  )
  polled.add(now.status)
  return ['completed', 'error'].includes(now.status) ? now : null
}, 'the job')
await until(() => heard.server.includes(`UPDATE ${ended.status}`), 'Realtime')
await until(() => heard.owner.includes(`UPDATE ${ended.status}`), "the owner's Realtime")
say('ended', { ...ended, polled: [...polled], heard })

const sopOf = async (one) =>
  must(await one.from('sops').select('data, user_id').eq('job_id', jobId).maybeSingle(), 'reading the SOP')
const own = await sopOf(owner.client)
const renamed = must(
  await owner.client.from('sops').update({ data: { ...own.data, seen: true } }).eq('job_id', jobId).select('data'),
  'changing the own SOP'
)
const foreign = must(
  await stranger.client.from('sops').update({ data: {} }).eq('job_id', jobId).select('data'),
  "changing another's SOP"
)
say('sop', {
  owner: own?.data?.meta?.title ?? null,
  userId: own?.user_id ?? null,
  stranger: await sopOf(stranger.client),
  anonymous: await sopOf(anonymous),
  renamed: renamed.length,
  foreign: foreign.length,
})

const signed = must(await videos.createSignedUrl(slim, 60, { download: SAVED_AS }), 'signing the slim video')
const shown = must(await videos.createSignedUrls([slim, 'slim/none.mp4'], 60), 'signing two videos')
const saved = await fetch(signed.signedUrl)
const part = await fetch(shown[0].signedUrl, { headers: { Range: 'bytes=4-7' } })
say('slim', {
  status: saved.status,
  type: saved.headers.get('content-type'),
  disposition: saved.headers.get('content-disposition'),
  bytes: (await saved.arrayBuffer()).byteLength,
  part: [part.status, await part.text()],
  missing: shown[1].error,
  stranger: refused(await stranger.client.storage.from('videos').createSignedUrl(slim, 60)),
})

for (const one of [server, owner.client, stranger.client]) await one.removeAllChannels()
must(await owner.client.auth.signOut(), 'signing out')
say('done')
