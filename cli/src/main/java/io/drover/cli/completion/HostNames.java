package io.drover.cli.completion;

import io.drover.cli.Surroundings;
import io.drover.cli.api.Lists;
import io.drover.cli.api.ResourceNames;
import java.util.Iterator;

/** The hosts that there are. */
public final class HostNames implements Iterable<String> {
    private final Surroundings surroundings;

    HostNames(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Iterator<String> iterator() {
        return ServerNames.ask(surroundings,
                api -> Lists.hosts(api).stream().map(host -> ResourceNames.HOST.id(host.getName())).toList());
    }
}
