// Logs in, runs an action, follows its log and reads its result: @grpc/grpc-js on the project's protos and nothing else.
// node run.js HOST:PORT PROTOS_FOLDER < {"login": …, "password": …, "action": …, "parameters": {…}}
'use strict';

const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const [address, protos] = process.argv.slice(2);
const given = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));

const definition = protoLoader.loadSync(
  ['identity_service', 'execution_service'].map((name) => path.join('attune', 'v1', `${name}.proto`)),
  { includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
const { attune } = grpc.loadPackageDefinition(definition);

const unary = (client, method, request, metadata) => new Promise((resolve, reject) =>
  client[method](request, metadata, (error, answer) => (error ? reject(error) : resolve(answer))));

// google.protobuf.Struct as this client knows it: the plain message.
const value = (any) => typeof any === 'number' ? { numberValue: any } : typeof any === 'boolean' ? { boolValue: any } : { stringValue: any };
const struct = (object) => ({ fields: Object.fromEntries(Object.entries(object).map(([name, any]) => [name, value(any)])) });

async function main() {
  const insecure = grpc.credentials.createInsecure();
  const identities = new attune.v1.IdentityService(address, insecure);
  const login = await unary(identities, 'Login', { login: given.login, password: given.password }, new grpc.Metadata());

  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${login.access_token}`);
  const executions = new attune.v1.ExecutionService(address, insecure);
  const started = await unary(
    executions, 'StartExecution', { request_id: 'node-1', action_ref: given.action, parameters: struct(given.parameters) }, metadata);

  let log = '';
  let outcome;
  for await (const answer of executions.StreamExecutionLogs({ execution_id: started.execution.id, follow: true }, metadata)) {
    log += answer.chunks.map((chunk) => chunk.content.toString('utf8')).join('');
    outcome = answer.outcome ?? outcome;
  }

  const { execution } = await unary(executions, 'GetExecution', { execution_id: started.execution.id }, metadata);
  const refusal = await unary(executions, 'GetExecution', { execution_id: '999999999' }, metadata).catch((error) => error);
  console.log(JSON.stringify({
    log,
    outcome: outcome.status,
    status: execution.status,
    result: execution.result.stringValue,
    worker: execution.worker_name,
    refusal: grpc.status[refusal.code],
  }));
  identities.close();
  executions.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
