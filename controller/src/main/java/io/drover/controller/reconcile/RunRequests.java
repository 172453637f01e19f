package io.drover.controller.reconcile;

import io.drover.controller.agent.Agent;
import io.drover.controller.agent.Answer;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.agent.Observation;
import io.drover.controller.agent.RunOrder;
import io.drover.controller.agent.RunRef;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Image;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.store.Store;
import java.util.List;
import java.util.Optional;

/** Asks hosts for what needs a VM's whole run: put together from its record, and with its files on the host before. */
final class RunRequests {
    private final Store store;
    private final HostLinks links;
    private final FileTransfers transfers;

    /** What an agent is asked with a whole run. */
    interface Request {
        Answer<Optional<Observation>> of(Agent agent, RunOrder order) throws InterruptedException;
    }

    RunRequests(Store store, HostLinks links, FileTransfers transfers) {
        this.store = store;
        this.links = links;
        this.transfers = transfers;
    }

    /** What the host of this owner is to run. */
    RunPlan plan(Vm vm, Owner owner) {
        return RunPlan.of(vm, owner, operation(vm), id -> store.view().image(id).map(Versioned::value),
                id -> store.view().cpuModel(id).map(Versioned::value));
    }

    /** Sees to it that the host has the files, and then asks. A failure to put them there is one of the host. */
    Answer<Optional<Observation>> ask(HostId host, Agent agent, RunPlan.Ready plan, Request request)
            throws InterruptedException {
        return switch (files(host, agent, plan.files())) {
            case Answer.Done<Boolean>(Boolean there) -> request.of(agent, plan.order());
            // It did not refuse the VM itself, so its word does not hold for a start that is on its way.
            case Answer.Refused<Boolean>(Answer.Why why, String message) ->
                new Answer.Refused<>(Answer.Why.HOST_FAILED, message);
            case Answer.None<Boolean>(String message) -> new Answer.None<>(message);
        };
    }

    private Answer<Boolean> files(HostId host, Agent agent, List<Image.ImageFile> files) throws InterruptedException {
        boolean there = links.holds(host, files.stream().map(Image.ImageFile::sha256).toList());
        return there ? new Answer.Done<>(true) : transfers.ensure(host, agent, files);
    }

    /** What requests call a run of the VM under an epoch. */
    static RunRef run(Vm vm, long epoch) {
        return new RunRef(vm.id(), vm.uid(), epoch, operation(vm));
    }

    /** What this generation of the VM is called in requests. */
    static String operation(Vm vm) {
        return vm.id() + "/" + vm.generation();
    }
}
