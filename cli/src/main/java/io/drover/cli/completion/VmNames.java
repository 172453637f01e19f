package io.drover.cli.completion;

import io.drover.cli.Surroundings;
import io.drover.cli.api.Lists;
import io.drover.cli.api.ResourceNames;
import java.util.Iterator;

/** The VMs that there are. */
public final class VmNames implements Iterable<String> {
    private final Surroundings surroundings;

    VmNames(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Iterator<String> iterator() {
        return ServerNames.ask(surroundings,
                api -> Lists.vms(api, "").stream().map(vm -> ResourceNames.VM.id(vm.getName())).toList());
    }
}
