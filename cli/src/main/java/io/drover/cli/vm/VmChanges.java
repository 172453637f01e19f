package io.drover.cli.vm;

import io.drover.cli.Failure;
import io.drover.cli.Surroundings;
import io.drover.cli.api.ApiClient;
import io.drover.cli.api.VmWatch;
import io.drover.cli.output.Kind;
import io.drover.cli.output.Printer;
import io.drover.cli.output.Rows;
import io.drover.proto.v1.Vm;
import io.drover.proto.v1.VmState;
import io.drover.proto.v1.WatchVmsResponse;
import java.util.Optional;
import java.util.function.Predicate;

/** What `--watch` prints: each VM that there is, then each that changes. */
final class VmChanges {
    private VmChanges() {}

    /** A filter for one name; it may let others with a longer name through. */
    static String named(String full) {
        return "name : \"" + full.substring(full.indexOf('/') + 1) + "\"";
    }

    static void print(ApiClient api, Surroundings surroundings, Printer printer, String filter, Predicate<String> names)
            throws Failure, InterruptedException {
        Kind<Vm> kind = VmKind.at(surroundings.clock());
        Rows<Vm> rows = printer.rows(kind);
        new VmWatch(api, filter).run("", Optional.empty(), event -> {
            if (event.hasVm() && names.test(event.getVm().getName())) {
                printer.change(rows, kind, shown(event));
            }
            return true;
        });
    }

    /** One that is gone is shown as such, whatever state it had last. */
    private static Vm shown(WatchVmsResponse event) {
        return event.getType() == WatchVmsResponse.Type.DELETED && event.getVm().getState() == VmState.VM_STATE_DELETING
                ? event.getVm().toBuilder().setStateMessage("deleted").build()
                : event.getVm();
    }
}
