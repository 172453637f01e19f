"""Creates a VM, watches it and deletes it, with no knowledge of drover.v1 but what the controller tells by reflection.

    usage: vms_by_reflection.py [HOST:PORT]          (default: $DROVER_CONTROLLER, else 127.0.0.1:7070)

The VM is created stopped, so that no host is needed. Leaves nothing behind but a file of 50 bytes. Ends with 0 only if every answer was right.
"""

import base64
import hashlib
import os
import sys
import uuid

import grpc

from reflected import ReflectedServer, ReflectionError

VMS, IMAGES, TASKS = "drover.v1.VmService", "drover.v1.ImageService", "drover.v1.TaskService"
SECONDS = 30


def check(condition, what):
    if not condition:
        raise AssertionError(what)
    print(f"  {what}")


def wait(server, task):
    """Waits for a task; fails with its error."""
    while task.get("state") == "RUNNING":
        task = server.call(TASKS, "WaitTask", {"name": task["name"], "timeout": f"{SECONDS}s"}, timeout=2 * SECONDS)
    check(task.get("state") == "SUCCEEDED", f"{task['method']} of {task['target']} succeeded" + task.get("error", {}).get("message", ""))


def main(address):
    server = ReflectedServer(grpc.insecure_channel(address), timeout=SECONDS)
    ours = [service for service in server.services() if service.startswith("drover.v1.")]
    print(f"{address} offers")
    for service in ours:
        print(f"  {service}: {', '.join(server.methods(service))}")
    check({VMS, IMAGES, TASKS} <= set(ours), "the services are there")

    tag = uuid.uuid4().hex[:8]
    image, vm = f"reflected-{tag}", f"reflected-{tag}"
    print("an image")
    kernel = b"not a kernel, but the VM is never started " + tag.encode()
    file = {"sha256": hashlib.sha256(kernel).hexdigest(), "sizeBytes": str(len(kernel)), "fileName": "bzImage"}
    stored = server.call(IMAGES, "UploadFile", [{"file": file}, {"data": base64.b64encode(kernel).decode()}])
    check(stored["sha256"] == file["sha256"], "the file is stored under its SHA-256")
    created = server.call(IMAGES, "CreateImage", {"imageId": image, "image": {"kernelImage": {"kernel": file}}})
    check(created["name"] == f"images/{image}", "the image is registered")

    print("a VM")
    request = {"vmId": vm, "requestId": str(uuid.uuid4()), "vm": {
        "spec": {"vcpus": 1, "memoryBytes": str(64 << 20), "image": created["name"]}, "desiredState": "POWER_STATE_STOPPED"}}
    task = server.call(VMS, "CreateVm", request)
    check(server.call(VMS, "CreateVm", request)["name"] == task["name"], "the same request again is the same task")
    wait(server, task)
    listed = server.call(VMS, "ListVms", {"filter": f'name : "{vm}"'})["vms"]
    check([each["name"] for each in listed] == [f"vms/{vm}"], "it is listed")
    check(listed[0]["state"] == "VM_STATE_STOPPED", "it is stopped")

    print("a watch")
    events = server.stream(VMS, "WatchVms", {"filter": f'name : "{vm}"'}, timeout=SECONDS)
    first = next(events)
    check((first["type"], first["vm"]["name"]) == ("ADDED", f"vms/{vm}"), "it begins with the VM")
    check(next(events)["type"] == "SYNCED", "then it is in step")
    deletion = server.call(VMS, "DeleteVm", {"name": f"vms/{vm}", "requestId": str(uuid.uuid4())})
    check(any(event["type"] == "DELETED" for event in events), "it sees the VM go")
    events.close()
    wait(server, deletion)

    print("what is not there")
    try:
        server.call(VMS, "GetVm", {"name": f"vms/{vm}"})
        check(False, "a VM that was deleted is not found")
    except grpc.RpcError as error:
        check(error.code() == grpc.StatusCode.NOT_FOUND, f"NOT_FOUND: {error.details()}")
    server.call(IMAGES, "DeleteImage", {"name": created["name"]})
    print("reflection client passed")


if __name__ == "__main__":
    endpoint = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("DROVER_CONTROLLER", "127.0.0.1:7070")
    try:
        main(endpoint)
    except (grpc.RpcError, ReflectionError, AssertionError) as problem:
        said = f"{problem.code().name}: {problem.details()}" if isinstance(problem, grpc.RpcError) else problem
        sys.exit(f"{endpoint}: {said}")
