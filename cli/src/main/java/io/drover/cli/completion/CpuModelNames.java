package io.drover.cli.completion;

import io.drover.cli.Surroundings;
import io.drover.cli.api.Lists;
import io.drover.cli.api.ResourceNames;
import java.util.Iterator;

/** The CPU models that there are. */
public final class CpuModelNames implements Iterable<String> {
    private final Surroundings surroundings;

    CpuModelNames(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Iterator<String> iterator() {
        return ServerNames.ask(surroundings,
                api -> Lists.cpuModels(api).stream().map(model -> ResourceNames.CPU_MODEL.id(model.getName()))
                        .toList());
    }
}
