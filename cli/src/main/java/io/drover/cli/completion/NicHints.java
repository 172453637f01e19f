package io.drover.cli.completion;

import io.drover.cli.Surroundings;
import io.drover.cli.api.Lists;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;

/** Nics as one begins to write them: in each bridge that hosts have, or in a network of its own. */
public final class NicHints implements Iterable<String> {
    private static final String BRIDGE = "bridge/";

    private final Surroundings surroundings;

    NicHints(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Iterator<String> iterator() {
        Iterator<String> bridges = ServerNames.ask(surroundings,
                api -> Lists.hosts(api).stream().flatMap(host -> host.getNetworksList().stream())
                        .filter(network -> network.startsWith(BRIDGE)).distinct().sorted()
                        .map(network -> "bridge=" + network.substring(BRIDGE.length())).toList());
        Stream.Builder<String> all = Stream.builder();
        List.of("user", "user,forward=tcp:").forEach(all);
        bridges.forEachRemaining(all);
        return all.build().iterator();
    }
}
