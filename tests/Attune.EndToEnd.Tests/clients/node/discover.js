// Knows nothing of Attune: asks the standard health service, discovers the API by reflection as grpcurl does, and calls it.
// node discover.js HOST:PORT v1|v1alpha < {"login": …, "password": …}
'use strict';

const grpc = require('@grpc/grpc-js');
const health = require('grpc-health-check');
const { GrpcReflection } = require('grpc-js-reflection-client');

const [address, version] = process.argv.slice(2);
const given = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
const insecure = grpc.credentials.createInsecure();

const unary = (client, method, request, metadata = new grpc.Metadata()) => new Promise((resolve, reject) =>
  client[method](request, metadata, (error, answer) => (error ? reject(error) : resolve(answer))));

async function open(reflection, service) {
  const descriptor = await reflection.getDescriptorBySymbol(service);
  const found = service.split('.').reduce((level, name) => level[name], descriptor.getPackageObject({ keepCase: true, enums: String, defaults: true }));
  return new found(address, insecure);
}

async function main() {
  const Health = grpc.makeClientConstructor(health.service, 'grpc.health.v1.Health');
  const checker = new Health(address, insecure);
  const serving = await unary(checker, 'check', { service: '' });

  const reflection = new GrpcReflection(address, insecure, {}, version);
  const services = await reflection.listServices();
  const identities = await open(reflection, 'attune.v1.IdentityService');
  const login = await unary(identities, 'Login', { login: given.login, password: given.password });
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${login.access_token}`);
  const actions = await open(reflection, 'attune.v1.ActionService');
  const found = await unary(actions, 'GetAction', { ref: 'core.echo' }, metadata);
  const methods = await reflection.listMethods('attune.v1.ExecutionService');

  console.log(JSON.stringify({
    health: serving.status,
    services,
    methods: methods.map((method) => method.name),
    label: found.action.label,
  }));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
