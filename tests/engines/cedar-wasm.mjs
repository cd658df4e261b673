// `node cedar-wasm.mjs EXPORT…`: asks Cedar's own WebAssembly about every vector of exports of policies in Cedar:
// plain, for Amazon Verified Permissions, for AgentCore, for ToolHive. Exits with 1 if a decision or a reason is another
// one, and says which.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs';

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

function* vectorFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* vectorFiles(path);
    else if (entry.name.endsWith('vectors.json')) yield path;
  }
}

/** The policies that the vectors of a file are about, in the form that Cedar's WebAssembly takes. */
function policiesOf(vectors) {
  const server = basename(vectors).match(/^(.*)\.vectors\.json$/)?.[1];
  if (server === undefined) return read(join(dirname(vectors), 'policies.json'));
  const { policies } = read(join(dirname(vectors), `${server}.json`)).cedar;
  const ids = read(join(dirname(vectors), `${server}.policies.json`)).policies;
  return { staticPolicies: Object.fromEntries(ids.map((id, n) => [id, policies[n]])) };
}

const same = (one, other) => JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());

function check(file) {
  const { vectors, entities } = read(file);
  const policies = policiesOf(file);
  const wrong = [];
  for (const vector of vectors) {
    const answer = isAuthorized({ ...vector.request, policies, entities });
    if (answer.type !== 'success') {
      wrong.push(`${vector.name}: ${JSON.stringify(answer.errors)}`);
      continue;
    }
    const { decision, diagnostics } = answer.response;
    const failed = diagnostics.errors.map((error) => error.policyId);
    if (decision !== vector.decision || !same(diagnostics.reason, vector.reasons) || !same(failed, vector.errors))
      wrong.push(`${vector.name}: ${decision} by ${diagnostics.reason}, failed ${failed}`);
  }
  return { count: vectors.length, wrong };
}

let failed = false;
for (const folder of process.argv.slice(2)) {
  let [count, wrong] = [0, []];
  for (const file of vectorFiles(folder)) {
    const checked = check(file);
    count += checked.count;
    wrong = wrong.concat(checked.wrong.map((line) => `${file}: ${line}`));
  }
  console.log(`${folder}: Cedar's WebAssembly agrees with ${count - wrong.length} of ${count} vectors`);
  for (const line of wrong) console.log(`  ${line}`);
  failed ||= wrong.length > 0 || count === 0;
}
process.exit(failed ? 1 : 0);
