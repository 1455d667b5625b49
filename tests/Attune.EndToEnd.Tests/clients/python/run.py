"""Logs in, runs an action, follows its log and reads its result: python3-grpcio on stubs generated from the project's protos.

run.py HOST:PORT STUBS_FOLDER < {"login": ..., "password": ..., "action": ..., "parameters": {...}}
"""
import json
import sys

address, stubs = sys.argv[1:]
sys.path.insert(0, stubs)

import grpc
from attune.v1 import execution_pb2, execution_service_pb2, execution_service_pb2_grpc, identity_service_pb2, identity_service_pb2_grpc


def main():
    given = json.load(sys.stdin)
    with grpc.insecure_channel(address) as channel:
        identities = identity_service_pb2_grpc.IdentityServiceStub(channel)
        login = identities.Login(identity_service_pb2.LoginRequest(login=given["login"], password=given["password"]))

        metadata = [("authorization", "Bearer " + login.access_token)]
        executions = execution_service_pb2_grpc.ExecutionServiceStub(channel)
        request = execution_service_pb2.StartExecutionRequest(request_id="python-1", action_ref=given["action"], priority=9)
        request.parameters.update(given["parameters"])
        execution_id = executions.StartExecution(request, metadata=metadata).execution.id

        log, outcome = b"", None
        following = execution_service_pb2.StreamExecutionLogsRequest(execution_id=execution_id, follow=True)
        for answer in executions.StreamExecutionLogs(following, metadata=metadata):
            log += b"".join(chunk.content for chunk in answer.chunks)
            if answer.HasField("outcome"):
                outcome = answer.outcome.status

        execution = executions.GetExecution(
            execution_service_pb2.GetExecutionRequest(execution_id=execution_id), metadata=metadata).execution
        try:
            executions.GetExecution(execution_service_pb2.GetExecutionRequest(execution_id=999999999), metadata=metadata)
            refusal = None
        except grpc.RpcError as error:
            refusal = error.code().name

    json.dump({
        "log": log.decode(),
        "outcome": execution_pb2.ExecutionStatus.Name(outcome),
        "status": execution_pb2.ExecutionStatus.Name(execution.status),
        "result": execution.result.string_value,
        "worker": execution.worker_name,
        "refusal": refusal,
    }, sys.stdout)


main()
