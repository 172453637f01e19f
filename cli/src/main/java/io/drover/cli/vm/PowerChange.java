package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.api.TaskWait;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.output.Printer;
import io.drover.cli.task.TaskKind;
import io.drover.proto.v1.GetVmRequest;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;

/** What comes after a VM was told to start or stop: the wait and the answer. */
final class PowerChange {
    private final ApiClient api;
    private final Surroundings surroundings;
    private final MutationOptions mutation;
    private final Printer printer;

    PowerChange(ApiClient api, Surroundings surroundings, MutationOptions mutation, Printer printer) {
        this.api = api;
        this.surroundings = surroundings;
        this.mutation = mutation;
        this.printer = printer;
    }

    void follow(Task task, String id, String done, String what) throws Failure, InterruptedException {
        if (mutation.detach()) {
            TaskKind.printDetached(printer, task);
            return;
        }
        new TaskWait(api, surroundings, mutation.timeout()).await(task, what);
        Vm vm = api.call("cannot look at VM " + id,
                () -> api.vms().getVm(GetVmRequest.newBuilder().setName(ResourceNames.VM.full(id)).build()));
        printer.outcome(VmKind.at(surroundings.clock()), vm, Sentences.about(done, vm));
    }
}
