package io.drover.cli.vm;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.ResourceNames;
import io.drover.cli.option.ConnectionOptions;
import io.drover.cli.option.MutationOptions;
import io.drover.cli.option.OutputOptions;
import io.drover.proto.v1.Task;

/** A change of a VM's devices: the request, the wait and the answer. */
record DeviceCall(Surroundings surroundings, OutputOptions output, ConnectionOptions connection,
        MutationOptions mutation) {
    /** Asks for it. */
    interface Request {
        /**
         * Sends it.
         *
         * @param vm the VM's resource name
         */
        Task send(ApiClient api, String vm, String requestId);
    }

    /**
     * Makes the change.
     *
     * @param typed the VM's name
     * @param done such as "attached disk data to"
     * @param not such as "disk data was not attached"
     */
    int make(String typed, String done, String not, Request request) throws Failure, InterruptedException {
        try (ApiClient api = connection.connect()) {
            String id = ResourceNames.VM.id(typed);
            String requestId = mutation.requestId(id, false);
            Task task = api.call(not, () -> request.send(api, ResourceNames.VM.full(id), requestId));
            new PowerChange(api, surroundings, mutation, output.printer()).follow(task, id, done, not);
        }
        return ExitCode.OK.number();
    }
}
